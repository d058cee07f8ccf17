"""What every page may show of the shop itself."""

from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from catalog.terms import Terms
from core import second_currency
from core.prepared import ID, MOMENT, Prepared, given
from desk.banner import banner, pinned
from desk.models import Request
from wallet.models import Account

_UNREAD = Request.objects.filter(unread=True)
_ACCOUNT = Prepared(
    lambda: Account.objects.filter(owner=given("owner", ID)).annotate(
        unread=Exists(_UNREAD.filter(customer=OuterRef("owner"))), pinned=Exists(pinned(now=given("now", MOMENT)))
    )
)


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
        "SECTION": _section(request),
        "YEAR": str(timezone.localtime().year),
        # What the reader set; a cookie may say anything.
        "THEME": theme if (theme := request.COOKIES.get("theme")) in ("light", "dark") else "",
        # Looked up when a page shows it, once a page; without SECOND_CURRENCY never.
        "SECOND": SimpleLazyObject(second_currency.current) if settings.SECOND_CURRENCY else None,
        "SECOND_OFF": request.COOKIES.get(second_currency.COOKIE) == second_currency.OFF,
    }


def _section(request: HttpRequest) -> str:
    """Which link of the header the page belongs to; empty for none."""
    match = request.resolver_match
    if match is None:
        return ""
    place = "catalog" if match.view_name == "orders:service" else match.namespace
    return {"catalog": "catalog", "sms": "sms", "orders": "orders", "wallet": "wallet", "funds": "wallet"}.get(
        place, ""
    )


def header(request: HttpRequest) -> dict[str, object]:
    """For the top of every page: the announcement, and of somebody signed in what they can spend, in USD, and whether
    answers wait."""
    user = getattr(request, "user", None)  # a page of errors may come before anybody is known
    if user is None or not user.is_authenticated:
        return banner(request)
    shown: Account | None = getattr(request, "account_shown", None)
    if shown is not None:  # the page has asked already
        unread = _UNREAD.filter(customer=user).exists()
        return {"wallet_balance": shown.available, "unread_answers": unread, **banner(request)}
    account: Any = _ACCOUNT.first(owner=user.pk, now=timezone.now())
    if account is None:
        return {"wallet_balance": 0, **banner(request)}
    # Mostly there is none, and that costs no query of its own.
    announced = banner(request) if account.pinned else {}
    return {"wallet_balance": account.available, "unread_answers": account.unread, **announced}
