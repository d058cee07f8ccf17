"""Begin a plan: check it, set the money of all its runs aside, place the first one unless it is for later."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.money import LARGEST
from orders import place
from orders.models import Order, Plan, new_reference
from orders.place import CantPlace
from orders.plans import run
from wallet import ledger

MOST_RUNS = 1000
# Minutes: a week.
LONGEST_INTERVAL = 10_080
LATEST_START = timedelta(days=90)


def plan(
    *,
    customer: User,
    service_id: int,
    quantity: int,
    link: str,
    runs: int,
    interval: int,
    start_at: datetime | None = None,
    shown_price: Decimal | None = None,
    shown_unit: int = 0,
    form_key: str = "",
    now: datetime,
) -> Plan:
    """Set the charge of `runs` orders of `quantity` pieces aside, `interval` minutes apart; the first goes out at
    `start_at`, or now.

    The price stays that of today for all of them. `shown_price`, `shown_unit` and `form_key` are those of
    `place.order`. Raises `CantPlace`, `ledger.InsufficientFunds`.
    """
    wanted = {"service_id": service_id, "quantity": quantity, "runs": runs, "interval": interval}
    begun = _begun_before(customer, form_key)
    if begun:
        return _same_wish(begun, wanted, link)
    later = start_at is not None and start_at > now
    _check(runs, interval, start_at, now)
    if runs == 1 and not later:
        raise CantPlace(runs=_("Enter at least 2 runs, or when to start."))
    try:
        with place.refused_are_noted(customer, now), transaction.atomic():
            service, link, offer = place.checked(
                customer=customer,
                service_id=service_id,
                quantity=quantity,
                link=link,
                shown_price=shown_price,
                shown_unit=shown_unit,
            )
            if service.is_product:
                raise CantPlace(runs=_("Only services for social media can be ordered in several runs or for later."))
            if offer.charge * runs > LARGEST:
                raise CantPlace(runs=_("This is more than one order can be: order less at a time."))
            reference = new_reference()
            charge = offer.charge * runs
            account = place.payer(customer=customer, amount=charge, cause=f"plan:{reference}", now=now)
            hold = ledger.hold(account=account, amount=charge, key=f"plan:{reference}:hold", now=now)
            made = Plan.objects.create(
                reference=reference,
                customer=customer,
                service=service,
                service_name=service.title,
                link=link,
                quantity=quantity,
                runs=runs,
                interval=interval,
                unit=offer.unit,
                rate=offer.rate,
                price=offer.price,
                charge=offer.charge,
                hold=hold,
                form_key=form_key,
                next_run_at=start_at if later else now,
                made_at=now,
                changed_at=now,
            )
            if not later:
                run.place(made, service, form_key=form_key, now=now)
            return made
    except IntegrityError:
        # The same form, sent twice at once: the other request was first.
        begun = _begun_before(customer, form_key)
        if begun is None:
            raise
        return _same_wish(begun, wanted, link)


def no_promotion() -> str:
    """Why no code takes anything off a plan: what it is worth would be unclear where only some runs are delivered."""
    return _("A promotion code is for a single order.")


def _check(runs: int, interval: int, start_at: datetime | None, now: datetime) -> None:
    errors = {}
    if not 1 <= runs <= MOST_RUNS:
        errors["runs"] = _("From 1 to %(most)s runs.") % {"most": f"{MOST_RUNS:,}"}
    if not (1 if runs > 1 else 0) <= interval <= LONGEST_INTERVAL:
        errors["interval"] = _("From 1 to %(most)s minutes.") % {"most": f"{LONGEST_INTERVAL:,}"}
    if start_at is not None and start_at > now + LATEST_START:
        errors["start_at"] = _("At most %(days)d days ahead.") % {"days": LATEST_START.days}
    if errors:
        raise CantPlace(**errors)


def _begun_before(customer: User, form_key: str) -> Plan | None:
    """The plan that the key stands for. Raises `CantPlace` when it stands for a single order."""
    if not form_key:
        return None
    begun = Plan.objects.filter(customer=customer, form_key=form_key).first()
    if begun is None and Order.objects.filter(customer=customer, form_key=form_key).exists():
        raise place.other_wish()
    return begun


def _same_wish(begun: Plan, wanted: dict[str, int], link: str) -> Plan:
    try:
        same = begun.link == place.checked_link(link)
    except ValueError:
        same = False
    if not same or any(getattr(begun, name) != value for name, value in wanted.items()):
        raise place.other_wish()
    return begun
