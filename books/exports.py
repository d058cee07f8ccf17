"""Files for whoever keeps the books: a table each, row by row, of the days that are asked for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, Sum

from accounts.models import User
from books.days import begins
from books.models import CustomerDay
from core.money import ZERO, MoneyField
from funds.models import TopUp
from orders.models import Order
from sms.models import Slot
from wallet.models import Transfer

AT_ONCE = 2000


@dataclass(frozen=True)
class Table:
    """A table to take away: its rows by the moment `at`, and what of each row goes into which column."""

    title: str
    permission: str
    at: str
    rows: Callable[[], QuerySet[Any]]
    columns: Sequence[tuple[str, Callable[[Any], object]]]

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        return [name for name, _value in self.columns]

    def chosen(self, since: date, until: date) -> QuerySet[Any]:
        """The rows of the shop's days from `since` to `until`, both included, the oldest first."""
        span = {f"{self.at}__gte": begins(since), f"{self.at}__lt": begins(until + timedelta(days=1))}
        return self.rows().filter(**span).order_by("pk")

    def lines(self, rows: QuerySet[Any]) -> Iterator[list[object]]:
        """What stands in the file of each row: text, whole numbers, amounts in USD, and moments in UTC."""
        for row in rows.iterator(chunk_size=AT_ONCE):
            yield [value(row) for _name, value in self.columns]


def _at(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"


def _number(slot: Slot) -> Any:
    return getattr(slot, "number", None)


def _bought() -> Any:
    """Per customer: USD of sales less refunds, as far as the days are counted."""
    days = CustomerDay.objects.filter(customer=OuterRef("pk")).order_by().values("customer")
    return {
        f"all_{name}": Subquery(days.annotate(sum=Sum(name)).values("sum"), output_field=MoneyField())
        for name in ("sales", "refunds", "cost")
    }


TABLES = {
    "transfers": Table(
        "Transfers",
        "wallet.view_transfer",
        "created_at",
        lambda: Transfer.objects.select_related("customer__owner", "hold"),
        [
            ("Number", lambda row: row.pk),
            ("When (UTC)", lambda row: _at(row.created_at)),
            ("Kind", lambda row: row.get_kind_display()),
            ("Customer", lambda row: str(row.customer.owner)),
            ("Amount USD", lambda row: row.signed),
            ("Balance after USD", lambda row: row.balance_after),
            ("Description", lambda row: row.memo),
            ("Cause", lambda row: row.key),
            ("Hold", lambda row: row.hold.key if row.hold_id else ""),
        ],
    ),
    "orders": Table(
        "Orders",
        "orders.view_order",
        "placed_at",
        lambda: Order.objects.select_related("customer", "hold"),
        [
            ("Number", lambda row: row.pk),
            ("Placed (UTC)", lambda row: _at(row.placed_at)),
            ("Ended (UTC)", lambda row: _at(row.finished_at)),
            ("State", lambda row: row.get_state_display()),
            ("Customer", lambda row: str(row.customer)),
            ("Service", lambda row: row.service_id),
            ("Name", lambda row: row.service_name),
            ("Link", lambda row: row.link),
            ("Quantity", lambda row: row.quantity),
            ("Delivered", lambda row: row.delivered),
            ("Charge USD", lambda row: row.charge),
            ("Paid USD", lambda row: row.hold.captured),
            ("Refunded USD", lambda row: row.hold.refunded),
            ("Expected cost USD", lambda row: row.cost),
            ("Vendor charged USD", lambda row: row.upstream_charge),
            ("Vendor's number", lambda row: row.upstream_id),
            ("Reference", lambda row: row.reference),
        ],
    ),
    "numbers": Table(
        "Purchases of numbers",
        "sms.view_purchase",
        "purchase__placed_at",
        lambda: Slot.objects.select_related("purchase__customer", "hold", "number"),
        [
            ("Purchase", lambda row: row.purchase_id),
            ("Placed (UTC)", lambda row: _at(row.purchase.placed_at)),
            ("State of the purchase", lambda row: row.purchase.get_state_display()),
            ("Customer", lambda row: str(row.purchase.customer)),
            ("Site", lambda row: row.purchase.site_name),
            ("Country", lambda row: row.purchase.country_name),
            ("Phone", lambda row: str(_number(row) or "")),
            ("State of the number", lambda row: str(_number(row).get_state_display()) if _number(row) else ""),
            ("Price USD", lambda row: row.purchase.price),
            ("Paid USD", lambda row: row.hold.captured),
            ("Refunded USD", lambda row: row.hold.refunded),
            ("Expected cost USD", lambda row: row.purchase.cost),
            ("Vendor charged USD", lambda row: _number(row).upstream_charge if _number(row) else None),
            ("Vendor's number", lambda row: _number(row).upstream_id if _number(row) else None),
        ],
    ),
    "top-ups": Table(
        "Top-ups",
        "funds.view_topup",
        "created_at",
        lambda: TopUp.objects.select_related("customer", "method", "deposit"),
        [
            ("Number", lambda row: row.pk),
            ("Begun (UTC)", lambda row: _at(row.created_at)),
            ("Credited (UTC)", lambda row: _at(row.deposit.created_at if row.deposit_id else None)),
            ("State", lambda row: str(row.get_state_display())),
            ("Customer", lambda row: str(row.customer)),
            ("Method", lambda row: row.method.name),
            ("Provider", lambda row: row.variant),
            ("Amount USD", lambda row: row.amount),
            ("Fee USD", lambda row: row.fee),
            ("To be paid USD", lambda row: row.total),
            ("Received USD", lambda row: row.received),
            ("Credited USD", lambda row: row.credited),
            ("Bonus USD", lambda row: row.bonus_given),
            ("Provider's name of it", lambda row: row.transaction_id),
            ("Customer's reference", lambda row: row.reference),
        ],
    ),
    "customers": Table(
        "Customers who joined",
        "accounts.view_user",
        "date_joined",
        lambda: User.objects.filter(is_staff=False).select_related("account", "group").annotate(**_bought()),
        [
            ("Number", lambda row: row.pk),
            ("E-mail", lambda row: row.email),
            ("Joined (UTC)", lambda row: _at(row.date_joined)),
            ("Last log-in (UTC)", lambda row: _at(row.last_login)),
            ("Group", lambda row: str(row.group or "")),
            ("Active", lambda row: "yes" if row.is_active else "no"),
            ("Balance USD", lambda row: row.account.balance if hasattr(row, "account") else ZERO),
            ("On hold USD", lambda row: row.account.held if hasattr(row, "account") else ZERO),
            ("Sales USD", lambda row: row.all_sales or ZERO),
            ("Refunds USD", lambda row: row.all_refunds or ZERO),
            ("Cost USD", lambda row: row.all_cost or ZERO),
        ],
    ),
}
