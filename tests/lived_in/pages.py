"""Every page that customers and visitors see, and why other addresses are none.

`tests/reseller/test_query_counts.py` holds the list against the table of URLs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.urls import reverse
from django.utils.http import urlencode

from funds.models import TopUp
from notices import switch
from notices.kinds import Kind

if TYPE_CHECKING:
    from tests.lived_in.shop import LivedIn

Where = Callable[["LivedIn"], Sequence[Any]]
# An operator, as a customer who has not accepted the terms yet.
VISITOR, CUSTOMER, NEWCOMER, OPERATOR = "visitor", "customer", "newcomer", "operator"
ROLES = (CUSTOMER, NEWCOMER, OPERATOR)


@dataclass(frozen=True)
class Page:
    """An address that opens. `state` tells apart several looks of one view; it is the page's name beside the view."""

    view: str
    state: str = ""
    args: Where = lambda shop: []
    query: Any = ()
    who: str = CUSTOMER
    status: int = 200

    @property
    def name(self) -> str:
        """Such as `orders-detail-goods`: for files and for people."""
        words = [self.view.replace(":", "-").replace("_", "-"), self.state]
        return "-".join(word for word in words if word)

    def path(self, shop: "LivedIn") -> str:
        """Its address in that shop."""
        query = self.query(shop) if callable(self.query) else self.query
        return reverse(self.view, args=self.args(shop)) + (f"?{urlencode(query)}" if query else "")


def _order(name: str) -> Where:
    return lambda shop: [shop.orders[name].pk]


def _service(name: str) -> Where:
    return lambda shop: [shop.services[name].pk]


def _plan(name: str) -> Where:
    return lambda shop: [shop.plans[name].pk]


def _top_up(name: str) -> Where:
    return lambda shop: [shop.top_ups[name].token]


def _request(name: str) -> Where:
    return lambda shop: [shop.requests[name].pk]


def _hook(number: int) -> Where:
    return lambda shop: [shop.hooks[number].pk]


def _receipt(shop: "LivedIn") -> list[Any]:
    return [TopUp.objects.get(pk=shop.top_ups["PAID"].pk).deposit_id]


def _passkey(shop: "LivedIn") -> list[Any]:
    kept = Authenticator.objects.filter(user=shop.customer, type="webauthn").order_by("pk")
    return [kept[0].pk]


def _reset_key(shop: "LivedIn") -> list[str]:
    return [user_pk_to_url_str(shop.newcomer), default_token_generator.make_token(shop.newcomer)]


def _confirm_key(shop: "LivedIn") -> list[str]:
    return [EmailConfirmationHMAC(EmailAddress.objects.get(user=shop.customer, verified=False)).key]


PAGES = [
    # The shop window.
    Page("front", "visitor", who=VISITOR),
    Page("front"),
    Page("front", "newcomer", who=NEWCOMER),
    Page("storefront:search", "found", query={"q": "instagram"}),
    Page("storefront:search", "nothing", query={"q": "zzzzzz nothing like it"}),
    Page("storefront:search", "visitor", who=VISITOR),
    Page("catalog:list", "visitor", who=VISITOR),
    Page("catalog:list"),
    Page("catalog:list", "category", query=lambda shop: {"category": shop.services["SMM"].category_id}),
    Page("catalog:list", "filtered", query={"q": "followers", "kind": "smm", "refill": "1", "sort": "price"}),
    Page("catalog:list", "nothing", query={"q": "zzzzzz nothing like it"}),
    Page("catalog:changes", who=VISITOR),
    Page("orders:service", "visitor", args=_service("SMM"), who=VISITOR),
    Page("orders:service", args=_service("SMM"), query={"quantity": 1000, "link": "https://example.com/me"}),
    Page("orders:service", "product", args=_service("PRODUCT")),
    Page("orders:service", "long-name", args=_service("LONG")),
    Page("orders:service", "unbroken-name", args=_service("UNBROKEN")),
    Page("orders:service", "right-to-left", args=_service("RTL")),
    Page("orders:service", "hostile", args=_service("HOSTILE")),
    Page("orders:service", "out-of-stock", args=_service("EMPTY")),
    Page("orders:service", "no-longer-sold", args=_service("GONE")),
    Page("orders:service", "no-money", args=_service("SMM"), who=NEWCOMER),
    # Orders.
    Page("orders:list"),
    Page("orders:list", "open", query={"status": "open"}),
    Page("orders:list", "nothing", query={"q": "zzzzzz"}),
    Page("orders:list", "newcomer", who=NEWCOMER),
    *(
        Page("orders:detail", name.lower(), args=_order(name))
        for name in ("PLACED", "RUNNING", "COMPLETED", "PARTIAL", "CANCELED", "REJECTED", "UNCERTAIN")
    ),
    *(
        Page("orders:detail", name.lower(), args=_order(name))
        for name in ("REFUNDED", "PROMOTED", "GOODS", "LONG", "RTL")
    ),
    Page("orders:mass"),
    Page("orders:plans"),
    Page("orders:plans", "newcomer", who=NEWCOMER),
    *(Page("orders:plan", name.lower(), args=_plan(name)) for name in ("ACTIVE", "PAUSED", "STOPPED", "DONE", "LATER")),
    # Numbers.
    Page("sms:sites", "visitor", who=VISITOR),
    Page("sms:sites"),
    Page("sms:sites", "nothing", query={"q": "zzzzzz"}),
    Page("sms:site", args=lambda shop: [shop.projects[0].site_id]),
    Page("sms:site", "nothing", args=lambda shop: [shop.projects[0].site_id], query={"q": "zzzzzz"}),
    Page("sms:project", args=lambda shop: [shop.projects[0].pk]),
    Page("sms:project", "no-money", args=lambda shop: [shop.projects[0].pk], who=NEWCOMER),
    Page("sms:board"),
    Page("sms:board", "newcomer", who=NEWCOMER),
    Page("sms:history"),
    Page("sms:history", "newcomer", who=NEWCOMER),
    # Money.
    Page("wallet:statement"),
    Page("wallet:statement", "newcomer", who=NEWCOMER),
    Page("funds:add"),
    Page("funds:top_ups"),
    Page("funds:top_ups", "newcomer", who=NEWCOMER),
    *(
        Page("funds:top_up", name.lower(), args=_top_up(name))
        for name in ("OPEN", "CHECKING", "REVIEW", "PAID", "APPROVED", "REFUSED", "EXPIRED")
    ),
    Page("funds:receipt", args=_receipt),
    # Programs.
    Page("api:docs", "visitor", who=VISITOR),
    Page("api:docs"),
    Page("api:keys"),
    Page("api:keys", "newcomer", who=NEWCOMER),
    Page("api:webhooks"),
    Page("api:webhooks", "newcomer", who=NEWCOMER),
    Page("api:webhook", args=_hook(0)),
    Page("api:webhook", "paused", args=_hook(1)),
    # Help.
    Page("desk:help", "visitor", who=VISITOR),
    Page("desk:help"),
    Page("desk:help", "newcomer", who=NEWCOMER),
    Page("desk:new", "choose"),
    Page("desk:new", "about-an-order", query=lambda shop: {"order": shop.orders["GOODS"].pk}),
    Page("desk:new", "bad-item", query=lambda shop: {"order": shop.orders["GOODS"].pk, "kind": "REPLACEMENT"}),
    Page("desk:new", "anything", query={"kind": "OTHER"}),
    *(
        Page("desk:request", name.lower(), args=_request(name))
        for name in ("OPEN", "ANSWERED", "REPLACED", "REFUNDED", "REFUSED")
    ),
    Page("desk:announcements", who=VISITOR),
    Page("terms:current", who=VISITOR),
    Page("terms:version", "older", args=lambda shop: [shop.terms[0].pk], who=VISITOR),
    Page("terms:accept", who=OPERATOR),
    # One's own account.
    Page("accounts:profile"),
    Page("accounts:sessions"),
    Page("notices:switches"),
    Page("notices:stop", args=lambda shop: [switch.token_for(shop.customer.pk, Kind.ORDER_DONE)], who=VISITOR),
    Page("notices:stop", "odd-link", args=lambda shop: ["nonsense"], who=VISITOR, status=404),
    Page("referrals"),
    Page("privacy:data"),
    Page("privacy:delete"),
    Page("privacy:delete", "newcomer", who=NEWCOMER),
    Page("privacy:deleted", who=VISITOR),
    Page("account_email"),
    Page("account_change_password"),
    Page("mfa_index"),
    Page("mfa_index", "newcomer", who=NEWCOMER),
    Page("mfa_activate_totp", who=NEWCOMER),
    Page("mfa_deactivate_totp"),
    Page("mfa_view_recovery_codes"),
    Page("mfa_generate_recovery_codes"),
    Page("mfa_list_webauthn"),
    Page("mfa_add_webauthn", who=NEWCOMER),
    Page("mfa_edit_webauthn", args=_passkey),
    Page("mfa_remove_webauthn", args=_passkey),
    Page("account_reauthenticate"),
    Page("mfa_reauthenticate"),
    Page("mfa_reauthenticate_webauthn"),
    Page("account_logout"),
    # The way in.
    Page("account_login", who=VISITOR),
    Page("account_signup", who=VISITOR),
    Page("account_reset_password", who=VISITOR),
    Page("account_reset_password_done", who=VISITOR),
    Page("account_reset_password_from_key", args=_reset_key, who=VISITOR),
    Page("account_reset_password_from_key", "old-link", args=lambda shop: ["x", "y-z"], who=VISITOR),
    Page("account_reset_password_from_key_done", who=VISITOR),
    Page("account_confirm_email", args=_confirm_key, who=VISITOR),
    Page("account_confirm_email", "old-link", args=lambda shop: ["nonsense"], who=VISITOR),
    Page("account_email_verification_sent", who=VISITOR),
    Page("account_inactive", who=VISITOR),
]

# Addresses of acts: GET is not allowed there.
ACTS = {
    *("storefront:currency", "catalog:favourite", "catalog:wish", "orders:change_plan", "orders:copied"),
    *("orders:reveal", "sms:finish", "sms:favourite", "funds:voucher", "funds:hand_in", "funds:pay_by_dummy"),
    *(
        "accounts:end_session",
        "accounts:stop_looking",
        "accounts:end_other_sessions",
        "accounts:language",
        "desk:put_away",
        "privacy:copy",
    ),
    *("api:docs_key", "api:revoke", "api:webhook_rotate", "api:webhook_switch", "api:webhook_remove"),
    *("api:webhook_test", "api:webhook_resend", "static_process_payment"),
}
# Addresses that answer GET with something that is no page of its own.
NO_PAGES = {
    "catalog:changes_feed": "an RSS feed",
    "catalog:stock": "a part of the service's page",
    "orders:export": "a file",
    "orders:items_file": "a file",
    "sms:history_csv": "a file",
    "wallet:statement_csv": "a file",
    "funds:proof": "the customer's own file",
    "mfa_download_recovery_codes": "a file",
    "brand": "a style sheet",
    "healthz": "for probes",
    "readyz": "for probes",
    "metrics": "for probes, with a token",
    "api:v2": "for programs",
    "api:panel": "for programs",
    "api:handler": "for programs",
    "api:openapi": "for programs",
    "mfa_login_webauthn": "for the page's script",
    "orders:again": "leads to the service's page",
    "funds:pay": "leads to the provider, or to the top-up's page",
    **dict.fromkeys(
        [
            *("first_run", "first_run_part", "first_run_rate_units", "first_run_markup", "first_run_letter"),
            *("first_run_sync", "first_run_done"),
        ],
        "for operators alone",
    ),
    "set_language": "Django's own switch: leads back",
    "referral": "leads to the front page",
    "account_set_password": "everybody has a password: leads to the page that changes it",
    "account_confirm_login_code": "log-in by a code in an e-mail is off",
    "usersessions_list": "allauth's own list: leads to ours",
    "mfa_authenticate": "stands in the middle of a log-in: see the scenes of the gallery",
}
__all__ = ["ACTS", "CUSTOMER", "NEWCOMER", "NO_PAGES", "OPERATOR", "PAGES", "ROLES", "VISITOR", "Page"]
