"""What every page may show of the shop itself."""

from django.conf import settings
from django.http import HttpRequest


def shop(request: HttpRequest) -> dict[str, object]:
    """The operator's own name, accent colour and logo."""
    return {
        "SHOP_NAME": settings.SHOP_NAME,
        "SHOP_ACCENT": settings.SHOP_ACCENT,
        "SHOP_LOGO": settings.SHOP_LOGO,
        "REFERRALS": settings.REFERRAL_PERCENT > 0,
        "DEBUG": settings.DEBUG,
    }
