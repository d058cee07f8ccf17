"""What every page may show of the shop itself."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from catalog.terms import Terms
from core import second_currency


def shop(request: HttpRequest) -> dict[str, object]:
    """The operator's own name, accent colour and logo, and whether strangers may sign up."""
    return {
        "SHOP_NAME": settings.SHOP_NAME,
        "SHOP_ACCENT": settings.SHOP_ACCENT,
        "SHOP_LOGO": settings.SHOP_LOGO,
        "SIGNUP": settings.SIGNUP,
        "REFERRALS": settings.REFERRAL_PERCENT > 0,
        # What the reader pays; asks nothing until a page shows a price.
        "terms": Terms.of(request.user) if hasattr(request, "user") else Terms(),
        "DEBUG": settings.DEBUG,
        # Looked up when a page shows it, once a page; without SECOND_CURRENCY never.
        "SECOND": SimpleLazyObject(second_currency.current) if settings.SECOND_CURRENCY else None,
        "SECOND_OFF": request.COOKIES.get(second_currency.COOKIE) == second_currency.OFF,
    }
