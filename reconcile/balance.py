"""The vendor's prepaid balance against the costs that we know of.

What left the balance since the run before must be what our purchases cost since then, less what came back of
them. What is over, in either direction, is carried from run to run until it evens out or an operator explains
it: an order that was UNCERTAIN and is found later explains its own loss.

How exact that is:

- Charges and balances are shown in cents or finer, so each of `n` purchases that moved may be off by half a cent
  and the balance by one. `_rounding` is 1 cent + the smaller of n half cents and 2 % of what moved (the
  tolerance of a charge); drift within it is rounding and is not carried on, else it would pile up.
- A drift is found when it is also beyond RECONCILE_TOLERANCE, since a finding costs a person time.
- A loss is found at once when it is more than what is under way (a purchase just being sent, a pay-back that
  the vendor announces before it books it); otherwise when it still stands in the next run.
- A credit is found when it still stands in the next run: until an order is asked for again we don't know that
  it was paid back. It is no alarm: operators top up.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db.models import Sum

from catalog.pricing import CHARGE_TOLERANCE, CHARGE_TOLERANCE_SHARE
from core.models import Alert
from core.money import ZERO, plain, show
from reconcile.matters import Matter
from reconcile.models import Finding, Run
from reconcile.spent import Moved, being_sent, coming_back, moved, spent, suspects
from upstream.balance import read_balance
from upstream.models import BalanceReading

KINDS = Finding.OF_BALANCE
HALF_CENT = Decimal("0.005")
NAMED = 10


class NotNow(Exception):
    """A check has nothing to go by in this run; what it found before stays as it is."""


def look(run: Run, now: datetime) -> Iterator[Matter]:
    """Read the balance, keep the figures in the run, and name what is not explained. Raises `NotNow`."""
    before = BalanceReading.last_taken()
    reading = read_balance(now=now) or BalanceReading.objects.filter(pk__gt=before).first()
    if reading is None or reading.balance is None:
        raise NotNow("the vendor did not say what our balance is")
    previous = Run.objects.filter(balance__isnull=False).exclude(pk=run.pk).order_by("-pk").first()
    # In this order: what moves meanwhile must not look like a loss.
    sent = being_sent()
    run.balance, run.spent, run.explained, run.drift = reading.balance, spent(), _explained(), ZERO
    under_way = sent + coming_back(now=now)
    lately = Moved(0, ZERO)
    if previous is not None:
        lately = moved(since=previous.started_at)
        run.drift = _carried(previous, run, _rounding(lately))
    run.save()
    if previous is None:
        return
    tolerance = max(_rounding(lately), settings.RECONCILE_TOLERANCE)
    sure = _sure(run.drift, previous.drift or ZERO, tolerance=tolerance, under_way=under_way)
    if sure:
        yield _matter(sure, previous, run, lately, tolerance)


def _explained() -> Decimal:
    return Finding.objects.aggregate(total=Sum("explained"))["total"] or ZERO


def _rounding(lately: Moved) -> Decimal:
    """USD by which the figures may be off because of how they are shown."""
    return CHARGE_TOLERANCE + min(HALF_CENT * lately.count, CHARGE_TOLERANCE_SHARE * lately.value)


def _carried(previous: Run, run: Run, rounding: Decimal) -> Decimal:
    """The drift after this run: what was carried, and what this step adds to it."""
    step = _gone(previous, run, "balance") + _gone(previous, run, "spent") - _gone(previous, run, "explained")
    drift = (previous.drift or ZERO) + step
    return ZERO if abs(drift) <= rounding else drift


def _gone(previous: Run, run: Run, figure: str) -> Decimal:
    return (getattr(run, figure) or ZERO) - (getattr(previous, figure) or ZERO)


def _sure(drift: Decimal, before: Decimal, *, tolerance: Decimal, under_way: Decimal) -> Decimal:
    """What of the drift is no matter of moments: 0 for none."""
    if abs(drift) <= tolerance:
        return ZERO
    if drift < -(tolerance + under_way):
        return drift
    stood = min(abs(drift), abs(before)) if (drift > ZERO) == (before > ZERO) else ZERO
    if stood <= tolerance:
        return ZERO
    return stood if drift > ZERO else -stood


def _matter(sure: Decimal, previous: Run, run: Run, lately: Moved, tolerance: Decimal) -> Matter:
    figures = {
        "Balance before": plain(previous.balance or ZERO),
        "Balance now": plain(run.balance or ZERO),
        "Left the balance": plain(-_gone(previous, run, "balance")),
        "Known charges, less pay-backs": plain(_gone(previous, run, "spent")),
        "Purchases that began or ended": str(lately.count),
        "Unexplained before": plain(previous.drift or ZERO),
        "Explained by operators since": plain(_gone(previous, run, "explained")),
        "Unexplained now": plain(run.drift or ZERO),
        "Tolerance": plain(tolerance),
        "Since": f"{previous.started_at:%Y-%m-%d %H:%M:%S} UTC",
    }
    if sure > ZERO:
        return Matter(
            kind=Finding.Kind.CREDIT,
            key="balance:credit",
            subject=f"Our balance with the vendor is {show(sure)} higher than our books explain",
            detail="If somebody topped it up, close this as such, with the amount: whatever is left over will be "
            "found. Do so soon: until then a loss of up to this size would not be seen.",
            figures=figures,
            amount=sure,
            severity=Alert.Severity.INFO,
        )
    doubts = sorted(suspects(), key=lambda one: abs(one.cost + sure))
    named = [f"{one.name} ({show(one.cost)})" for one in doubts[:NAMED]]
    more = f" and {len(doubts) - NAMED} more" if len(doubts) > NAMED else ""
    return Matter(
        kind=Finding.Kind.LOSS,
        key="balance:loss",
        subject=f"{show(-sure)} left our balance with the vendor, and our books don't explain it",
        detail=(f"First suspects, being uncertain: {', '.join(named)}{more}.\n" if named else "")
        + "Compare our orders with the vendor's own list. After a backup was restored, this is what was bought "
        "since it was made: the vendor has those orders, and our books don't. Resolve uncertain purchases first: "
        "what they explain goes from here by itself.",
        figures=figures,
        amount=-sure,
        severity=Alert.Severity.CRITICAL,
    )
