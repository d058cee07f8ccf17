"""The side bar of the admin: its groups and links, for those who may see them.

Unfold takes a list of dictionaries from the settings as well, and then resolves each address and wraps each permission
anew for every page: with sixty links that was a sixth of a page.
"""

import functools
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse


class Link(NamedTuple):
    """A line of the side bar."""

    title: str
    icon: str
    name: str
    """Of the URL."""
    permission: str = ""
    """Empty: for all staff."""
    exactly: bool = False
    """Whether it is the open page only at its very address, which other pages' addresses begin with."""


def _list(title: str, icon: str, model: str, *, exactly: bool = False) -> Link:
    """To the list of a model, for those who may see it."""
    app, _, name = model.partition(".")
    return Link(title, icon, f"admin:{app}_{name}_changelist", f"{app}.view_{name}", exactly)


def _books(title: str, icon: str, name: str) -> Link:
    """To a page of the books."""
    return Link(title, icon, f"admin:{name}", "books.view_day")


GROUPS = {
    "Today": [
        Link("Overview", "dashboard", "admin:index", exactly=True),
        _list("Alerts", "notifications", "core.alert"),
        _list("Findings", "fact_check", "reconcile.finding"),
        Link("First run", "checklist", "first_run", "reseller.view_firstrun"),
    ],
    "Orders": [
        _list("Orders", "shopping_cart", "orders.order"),
        _list("Calls to the vendor", "call_made", "orders.attempt"),
        _list("Timeline", "timeline", "orders.orderevent"),
        _list("Delivered items", "inventory_2", "orders.delivereditem"),
        _list("Who saw items", "visibility", "orders.goodsreveal"),
        _list("Plans", "schedule", "orders.plan"),
        _list("Requests", "support_agent", "desk.request"),
    ],
    "Numbers": [
        _list("Purchases", "sms", "sms.purchase"),
        _list("Numbers", "dialpad", "sms.number"),
        _list("Calls to the vendor", "call_made", "sms.attempt"),
        _list("Notes", "timeline", "sms.purchaseevent"),
        _list("Sites", "apps", "sms.site"),
        _list("Countries", "public", "sms.country"),
        _list("Sites in countries", "travel_explore", "sms.project"),
        _list("Mark-up rules", "percent", "sms.markuprule"),
    ],
    "Catalogue": [
        _list("Services", "sell", "catalog.service"),
        _list("Categories", "category", "catalog.category"),
        _list("Subcategories", "account_tree", "catalog.subcategory"),
        _list("Mark-up rules", "percent", "catalog.markuprule"),
        _list("Promotion codes", "loyalty", "catalog.promotion"),
        _list("Uses of codes", "receipt_long", "orders.promotionuse"),
        _list("Price changes", "trending_up", "catalog.pricechange"),
        _list("Blocklist", "block", "conduct.block"),
        _list("Who tried what is blocked", "gpp_bad", "conduct.hit"),
        _list("Exchange rates", "currency_exchange", "core.exchangerate"),
        _list("Waiting for stock", "notifications_active", "catalog.stockwish"),
        _list("Syncs", "sync", "catalog.syncrun"),
    ],
    "Help": [
        _list("Announcements", "campaign", "desk.announcement"),
        _list("Questions and answers", "help", "desk.question"),
    ],
    "Books": [
        _books("Profit", "finance", "books_profit"),
        _books("Month’s end", "calendar_month", "books_month"),
        _list("Days", "today", "books.day", exactly=True),
        _books("Files", "download", "books_files"),
        _list("Accounts", "account_balance_wallet", "wallet.account"),
        _list("Transfers", "swap_horiz", "wallet.transfer"),
        _list("Holds", "lock_clock", "wallet.hold"),
        _list("Balance with the vendor", "account_balance", "upstream.balancereading"),
        _list("Reconciliations", "balance", "reconcile.run"),
    ],
    "Money in": [
        _list("Top-ups", "add_card", "funds.topup"),
        _list("Methods", "payments", "funds.method"),
        _list("Bonuses", "redeem", "funds.bonus"),
        _list("Vouchers", "confirmation_number", "funds.batch"),
        _list("Taken back", "money_off", "funds.debt"),
    ],
    "People": [
        _list("Customers and operators", "group", "accounts.user"),
        _list("Customer groups", "groups", "accounts.customergroup"),
        _list("API keys", "key", "api.key"),
        _list("Webhooks", "webhook", "api.webhook"),
        _list("Webhooks’ deliveries", "outgoing_mail", "api.delivery"),
        _list("Suspensions", "block", "accounts.suspension"),
        _list("Notes of staff", "edit_note", "accounts.staffnote"),
        _list("Success with numbers", "rule", "sms.successrate"),
        _list("E-mails to many", "forward_to_inbox", "notices.mailing"),
        _list("Notices sent", "outgoing_mail", "notices.notice"),
        _list("E-mail addresses", "mail", "account.emailaddress"),
        _list("Second factors", "passkey", "mfa.authenticator"),
        _list("Invitations", "person_add", "accounts.invitation"),
        _list("Terms", "gavel", "accounts.terms"),
        _list("Deleted accounts", "person_off", "privacy.deletion"),
        _list("Roles of staff", "shield_person", "auth.group"),
        _list("What staff did", "history", "core.staffact"),
    ],
}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """What Unfold shows beside the page that is asked for."""
    may = request.user.has_perm
    groups = [
        {
            "title": title,
            "separator": number > 0,
            "items": [
                {"title": link.title, "icon": link.icon, "link": address, "active": _is_open(address, link, request)}
                for link, address in links
                if not link.permission or may(link.permission)
            ],
        }
        for number, (title, links) in enumerate(_addressed())
    ]
    return [group for group in groups if group["items"]]


@functools.cache
def _addressed() -> list[tuple[str, list[tuple[Link, str]]]]:
    return [(title, [(link, reverse(link.name)) for link in links]) for title, links in GROUPS.items()]


def _is_open(address: str, link: Link, request: HttpRequest) -> bool:
    return request.path == address if link.exactly else request.path.startswith(address)
