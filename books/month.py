"""The month's end: what customers were owed before and after, every way their money moved, what was sold and earned.

All of it is made of counted days, except who brought the deposits and what was owed: those are read from their rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import F, Max, Q, Sum

from books.days import begins, day_of
from books.models import Day
from core.money import ZERO
from funds.models import Batch, Debt, Method, TopUp, Voucher
from orders.models import Order
from wallet.models import Account, Hold, Transfer

_MOVED = ("deposits", "bonuses", "added", "refunds", "sales", "chargebacks", "deducted", "cost")


class Row(NamedTuple):
    """A line of the summary: what it is, USD (None: not known), and what an operator should know of it."""

    what: str
    amount: Decimal | None
    note: str = ""
    strong: bool = False


@dataclass
class Part:
    """Lines that belong together."""

    title: str
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Month:
    """The summary of the month that begins with `first`; whole: it is over and counted."""

    first: date
    last: date
    whole: bool
    parts: list[Part]

    def __iter__(self) -> Iterator[tuple[str, Row]]:
        for part in self.parts:
            for row in part.rows:
                yield part.title, row


def next_month(first: date) -> date:
    """The first day of the month after."""
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)


def month_before(first: date) -> date:
    """The first day of the month before."""
    return (first - timedelta(days=1)).replace(day=1)


def summary(first: date, *, counted_at: datetime, now: datetime) -> Month:
    """The month that begins with `first`. Days are the shop's own; amounts are USD."""
    after = next_month(first)
    since, until = begins(first), begins(after)
    before, within = _sums(Q(day__lt=first)), _sums(Q(day__gte=first, day__lt=after))
    opening, moved = _owed(before), _owed(within)
    whole = counted_at >= until
    closing = opening + moved

    owed = Part("What customers are owed")
    owed.rows += [
        Row(f"On {first:%Y-%m-%d}, as it began", opening, "All balances, what was on hold included.", strong=True),
        Row("Deposits", within["deposits"]),
        Row("Bonuses, gifts and referrals", within["bonuses"], "Given by the shop: no money came in for them."),
        Row("Added by operators", within["added"]),
        Row("Refunds", within["refunds"]),
        Row("Sales", -within["sales"], "Taken when something was delivered, not when it was ordered."),
        Row("Taken back by payment providers", -within["chargebacks"]),
        Row("Deducted by operators", -within["deducted"]),
        Row(f"At the end of {min(after - timedelta(days=1), day_of(now)):%Y-%m-%d}", closing, strong=True),
    ]
    held = held_at(until) if until <= now else _held_now()
    owed.rows.append(Row("of it on hold", held, "For orders and numbers that had not ended."))
    if until > now:
        sums = Account.objects.filter(kind=Account.Kind.CUSTOMER).aggregate(sum=Sum("balance"))
        rest = "The same figure from the accounts, at this moment; the days are counted each minute."
        owed.rows.append(Row("Balances right now", sums["sum"] or ZERO, rest))

    revenue = within["sales"] - within["refunds"]
    earned = Part("What was earned")
    earned.rows += [
        Row("Sales", within["sales"]),
        Row("Refunds", -within["refunds"], "On the day they were paid, whenever the sale was."),
        Row("Revenue", revenue, strong=True),
        Row("Cost", -within["cost"], "What the vendor charged for these sales, and kept besides."),
        Row("Margin", revenue - within["cost"], strong=True),
        Row("Bonuses, gifts and referrals", -within["bonuses"]),
        Row("Fees that payers paid", _fees(since, until), "Against what the providers take from you."),
    ]
    parts = [owed, earned, _deposits(since, until, within["deposits"]), _bonuses(since, until, within["bonuses"])]
    parts += [_debts(since, until, within["chargebacks"]), _vendor(first, after, within["cost"])]
    return Month(first=first, last=after - timedelta(days=1), whole=whole, parts=parts)


def held_at(moment: datetime) -> Decimal:
    """USD that were on hold at a moment of the past.

    A plan's hold has lost since what its later runs took along: each has a hold of its own, made of that part. The
    last run takes all that was left, and leaves the plan's hold as it was, closed in the same moment.
    """
    open_then = Hold.objects.filter(Q(closed_at=None) | Q(closed_at__gte=moment), created_at__lt=moment)
    taken = Order.objects.filter(
        plan__isnull=False, hold__created_at__gte=moment, plan__hold__created_at__lt=moment
    ).exclude(plan__hold__closed_at=F("hold__created_at"))
    return _sum(open_then, "amount") + _sum(taken, "hold__amount")


def _held_now() -> Decimal:
    return _sum(Hold.objects.filter(state=Hold.State.OPEN), "amount")


def _sum(rows: Any, column: str) -> Decimal:
    total: Decimal | None = rows.aggregate(sum=Sum(column))["sum"]
    return total or ZERO


def _sums(days: Q) -> dict[str, Decimal]:
    sums = Day.objects.filter(days).aggregate(**{f"all_{name}": Sum(name) for name in _MOVED})
    return {name: sums[f"all_{name}"] or ZERO for name in _MOVED}


def _owed(sums: dict[str, Decimal]) -> Decimal:
    came = sums["deposits"] + sums["bonuses"] + sums["added"] + sums["refunds"]
    return came - sums["sales"] - sums["chargebacks"] - sums["deducted"]


# ── Where money came from ──────────────────────────────────────────────────────────────────────────
def _paid(since: datetime, until: datetime) -> Any:
    return TopUp.objects.filter(deposit__created_at__gte=since, deposit__created_at__lt=until)


def _fees(since: datetime, until: datetime) -> Decimal:
    paid = _paid(since, until).aggregate(came=Sum("received"), credited=Sum("credited"))
    return (paid["came"] or ZERO) - (paid["credited"] or ZERO)


def _vouchers(kind: str, since: datetime, until: datetime) -> Decimal:
    redeemed = Voucher.objects.filter(batch__kind=kind, transfer__created_at__gte=since, transfer__created_at__lt=until)
    return _sum(redeemed, "transfer__amount")


def _deposits(since: datetime, until: datetime, all_of_them: Decimal) -> Part:
    part = Part("Deposits, by where they came from")
    names = dict(Method.Provider.choices)
    by = _paid(since, until).order_by().values("variant")
    for variant, came, credited in (
        by.annotate(came=Sum("received"), added=Sum("credited"))
        .order_by("variant")
        .values_list("variant", "came", "added")
    ):
        part.rows.append(Row(str(names.get(variant, variant)), credited, f"{came - credited} USD of fees on top."))
    part.rows.append(Row("Vouchers that were sold", _vouchers(Batch.Kind.SOLD, since, until)))
    returned = Transfer.objects.filter(
        kind=Transfer.Kind.DEPOSIT, created_at__gte=since, created_at__lt=until, key__startswith="debt:"
    )
    part.rows.append(Row("Disputes won", _sum(returned, "amount"), "What had been taken back came again."))
    rest = all_of_them - sum((row.amount or ZERO for row in part.rows), ZERO)
    part.rows.append(
        Row("Other deposits", rest, "" if not rest else "Deposits that no top-up and no voucher explains.")
    )
    part.rows.append(Row("All deposits", all_of_them, strong=True))
    return part


def _bonuses(since: datetime, until: datetime, all_of_them: Decimal) -> Part:
    part = Part("Given away")
    part.rows.append(Row("Bonuses on top-ups", _sum(_paid(since, until), "bonus_given")))
    part.rows.append(Row("Vouchers given as gifts", _vouchers(Batch.Kind.GIFT, since, until)))
    rest = all_of_them - sum((row.amount or ZERO for row in part.rows), ZERO)
    part.rows += [Row("Referrals and other gifts", rest), Row("All that was given", all_of_them, strong=True)]
    return part


def _debts(since: datetime, until: datetime, collected: Decimal) -> Part:
    opened = Debt.objects.filter(created_at__gte=since, created_at__lt=until)
    forgiven = Debt.objects.filter(state=Debt.State.FORGIVEN, closed_at__gte=since, closed_at__lt=until)
    left = Debt.objects.filter(state=Debt.State.OPEN)
    return Part(
        "Payments taken back",
        [
            Row("Taken back by providers", _sum(opened, "taken"), "Refunds and disputes that began in the month."),
            Row("Asked back from customers for it", _sum(opened, "amount")),
            Row("Collected from balances", collected, "For these and for older ones."),
            Row("Forgiven", _sum(forgiven, "amount") - _sum(forgiven, "paid")),
            Row("Still owed by customers today", _sum(left, "amount") - _sum(left, "paid")),
        ],
    )


def _vendor(first: date, after: date, cost: Decimal) -> Part:
    """The balance there, where it was read, against what sales cost."""

    def last_before(day: date) -> Decimal | None:
        known = Day.objects.filter(day__lt=day, vendor_balance__isnull=False)
        newest = known.aggregate(day=Max("day"))["day"]
        return None if newest is None else known.values_list("vendor_balance", flat=True).get(day=newest)

    began, ended = last_before(first), last_before(after)
    change = None if began is None or ended is None else ended - began
    return Part(
        "The vendor",
        [
            Row("Balance there as it began", began, "" if began is not None else "It was not read before this month."),
            Row("Balance there at the end", ended),
            Row("Change", change),
            Row("Cost of what was sold", -cost),
            Row(
                "The rest",
                None if change is None else change + cost,
                "What you paid in there, less what was bought and has not ended.",
            ),
        ],
    )
