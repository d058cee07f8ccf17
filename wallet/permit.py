"""Whether a customer may buy now: suspensions, and the limits of what they spend and how fast.

Pages, mass orders, plans and the API all buy through acts that ask here, by `funds.payer`, in their own transaction.
Where there is a limit the customer's account is locked first, so that two purchases at once can't pass it together.

What counts is the books': the holds of the customer. A plan counts for what it set aside, its runs are not asked again.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Case, F, Q, Sum, When
from django.utils.translation import gettext as _

from accounts import suspensions
from accounts.models import User
from core.money import ZERO, MoneyField, show
from wallet import ledger
from wallet.models import Account, Hold

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


class NotPermitted(Exception):
    """The customer may not buy this now; says why, for them. `until` is when they may try again, if that is known."""

    def __init__(self, said: str, *, until: datetime | None = None) -> None:
        self.until = until
        super().__init__(said)


class Shut(NotPermitted):
    """Buying is suspended for the customer."""


def not_shut(*, customer: User, now: datetime) -> None:
    """Raises `Shut` while buying is suspended for the customer."""
    shut = suspensions.found(customer.pk, suspensions.PURCHASE, now=now)
    if shut is not None:
        raise Shut(suspensions.words(shut), until=shut.ends_at)


def within_limits(*, customer: User, amount: Decimal, now: datetime) -> None:
    """Raises `NotPermitted` for a purchase of `amount` USD that passes a limit. No query where there is none."""
    spend, pace = spend_a_day(customer), purchases_a_minute(customer)
    if not spend and not pace:
        return
    account = ledger.locked(ledger.account_of(customer))
    if pace:
        _check_pace(account, pace, now)
    if spend:
        _check_spending(account, spend, amount, now)


def spend_a_day(customer: User) -> Decimal:
    """USD that the customer may spend in 24 hours; 0: as much as they like."""
    own = customer.limit_spend_a_day
    return Decimal(settings.LIMIT_SPEND_A_DAY) if own is None else own


def purchases_a_minute(customer: User) -> int:
    """How many purchases the customer may make in a minute; 0: as many as they like."""
    own = customer.limit_purchases_a_minute
    return int(settings.LIMIT_PURCHASES_A_MINUTE) if own is None else own


def active_numbers(customer: User) -> int:
    """How many numbers the customer may have at once; 0: as many as they like."""
    own = customer.limit_active_numbers
    return int(settings.LIMIT_ACTIVE_NUMBERS) if own is None else own


def spent(account: Account, *, since: datetime) -> Decimal:
    """USD that purchases since then have cost, or have set aside; what came back is not counted."""
    counted = Case(
        When(state=Hold.State.OPEN, then=F("amount")),
        When(state=Hold.State.CAPTURED, then=F("captured") - F("refunded")),
        default=ZERO,
        output_field=MoneyField(),
    )
    found = Hold.objects.filter(account=account, created_at__gt=since).aggregate(sum=Sum(counted))
    return found["sum"] or ZERO


def _check_spending(account: Account, limit: Decimal, amount: Decimal, now: datetime) -> None:
    left = limit - spent(account, since=now - DAY)
    if amount > left:
        raise NotPermitted(
            _("You can spend %(limit)s in 24 hours, and %(left)s of it are left: this takes %(amount)s.")
            % {"limit": show(limit), "left": show(max(left, ZERO)), "amount": show(amount)}
        )


def _check_pace(account: Account, limit: int, now: datetime) -> None:
    # One hold is one purchase, but of several numbers the first alone counts, and a plan by its first run.
    lately = Hold.objects.filter(account=account, created_at__gt=now - MINUTE)
    lately = lately.filter(~Q(key__startswith="plan:") & (~Q(key__startswith="sms:") | Q(key__endswith=":1:hold")))
    times = list(lately.order_by("-created_at").values_list("created_at", flat=True)[:limit])
    if len(times) >= limit:
        until = times[-1] + MINUTE
        raise NotPermitted(
            _("Your limit of purchases in a minute is %(limit)d. Try again in %(seconds)d s.")
            % {"limit": limit, "seconds": max(1, round((until - now).total_seconds()))},
            until=until,
        )
