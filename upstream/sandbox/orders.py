"""One order's life at the vendor, as a pure function of time.

Everything that will happen is settled when the order is placed, from the seed and the order's number or
from a `Plan`; so the same seed tells the same story, and asking more often changes nothing.
"""

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from upstream.sandbox.books import ZERO
from upstream.sandbox.catalogue import Service

BEHAVIOURS = ("complete", "partial", "cancel", "slow", "fail")
FINAL_WORDS = {
    "complete": "Completed",
    "slow": "Completed",
    "partial": "Partial",
    "cancel": "Canceled",
    "fail": "Fail",
}
SLOWNESS = 10
# Characters that passwords really have, those that HTML cares for included; ":" and "|" separate.
PASSWORD = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789!@#$%&*<>"  # noqa: S105
FIRST = ("olivia", "liam", "noah", "emma", "mia", "ivan", "chen", "amir", "sofia", "lucas", "ana", "yuki")
LAST = ("marsh", "keller", "novak", "silva", "brandt", "moreau", "okafor", "lind", "rossi", "tanaka")


def check_numbers(plan: object, *, whole: Iterable[str] = (), seconds: Iterable[str] = (), low: int = 0) -> None:
    """Refuse with a ValueError a plan's field that is neither None nor a fitting number."""
    for names, kinds, word in (
        (whole, (int,), "whole number"),
        (seconds, (int, float), "number"),
    ):
        for name in names:
            value = getattr(plan, name)
            # `type`, not `isinstance`: true is no number here.
            if value is not None and (type(value) not in kinds or value < low):
                raise ValueError(f"{name} must be a {word} from {low}.")


@dataclass(slots=True, kw_only=True)
class Plan:
    """What the next orders shall do. Whatever is None is drawn as usual. Times in seconds."""

    behaviour: str = "complete"
    service: int | None = None
    deliver: int | None = None
    pending: float | None = None
    seconds: float | None = None  # from placing to the end
    start_count: int | None = None
    parts: int | None = None
    times: int | None = None

    def __post_init__(self) -> None:
        if self.behaviour not in BEHAVIOURS:
            raise ValueError(f"The behaviour must be one of: {', '.join(BEHAVIOURS)}.")
        check_numbers(self, whole=("service", "deliver", "start_count", "parts"))
        check_numbers(self, whole=("times",), low=1)
        check_numbers(self, seconds=("pending", "seconds"))


@dataclass(slots=True, kw_only=True)
class Order:
    """An accepted order. Moments are seconds of the vendor's time, money is exact USD."""

    id: int
    service: Service
    quantity: int
    link: str
    unit_price: Decimal
    placed: float
    starts: float
    ends: float
    final_word: str
    final_delivered: int
    start_count: int
    parts: int | None  # accounts arrive in so many parts; None: unit by unit
    seed: int
    paid_back: Decimal = ZERO

    @property
    def full_charge(self) -> Decimal:
        """What placing it cost, in USD."""
        return self.unit_price * self.quantity

    @property
    def charge(self) -> Decimal:
        """What remains charged, in USD."""
        return self.full_charge - self.paid_back

    def status(self, now: float) -> str:
        """The vendor's word for its state."""
        if now < self.starts:
            return "Pending"
        return "In progress" if now < self.ends else self.final_word

    def delivered(self, now: float) -> int:
        """Units delivered so far."""
        if now < self.starts:
            return 0
        if now >= self.ends:
            return self.final_delivered
        progress = (now - self.starts) / (self.ends - self.starts)
        if self.parts is None:
            return math.floor(self.final_delivered * progress)
        return self.final_delivered * math.floor(self.parts * progress) // self.parts

    def accounts(self, count: int) -> list[str]:
        """The first `count` accounts: always the same ones in the same order, none in any other order."""
        domain = self.service.domain
        return [_account(self.seed, self.id, position, domain) for position in range(count)]


def unit_price(service: Service) -> Decimal:
    """USD for one unit: a rate buys 1,000 units of smm, or one product."""
    return service.rate.scaleb(-3) if service.entity == "smm" else service.rate


def open_order(
    *,
    order_id: int,
    service: Service,
    quantity: int,
    link: str,
    now: float,
    seed: int,
    plan: Plan | None,
) -> Order:
    """Settle the whole life of a new order."""
    rng = random.Random(f"{seed}:order:{order_id}")
    behaviour = plan.behaviour if plan else service.behaviour
    if behaviour == "mixed":
        behaviour = rng.choices(BEHAVIOURS, weights=(84, 8, 4, 3, 1))[0]
    product = service.entity == "product"
    if not product:
        pending, lasts = rng.uniform(3, 6), rng.uniform(20, 60)
    elif service.auto:
        pending, lasts = rng.uniform(1, 3), rng.uniform(5, 12)
    else:
        pending, lasts = rng.uniform(5, 10), rng.uniform(60, 180)
    if behaviour == "slow":
        lasts *= SLOWNESS
    share = rng.uniform(0.3, 0.9)
    start_count = service.stock if product else rng.randint(20, 40_000)
    parts = min(quantity, rng.randint(2, 5)) if product else None
    delivered = {"complete": quantity, "slow": quantity, "partial": min(int(quantity * share), quantity - 1)}
    final = delivered.get(behaviour, 0)
    if plan:
        if plan.deliver is not None:
            final = max(0, min(quantity, plan.deliver))
        lasts = plan.seconds if plan.seconds is not None else lasts
        pending = plan.pending if plan.pending is not None else pending
        start_count = plan.start_count if plan.start_count is not None else start_count
        parts = plan.parts if plan.parts and product else parts
    if behaviour in ("complete", "slow"):
        final = quantity
    elif behaviour in ("cancel", "fail"):
        final = 0
    return Order(
        id=order_id,
        service=service,
        quantity=quantity,
        link=link,
        unit_price=unit_price(service),
        placed=now,
        starts=now + min(pending, lasts),
        ends=now + lasts,
        final_word=FINAL_WORDS[behaviour],
        final_delivered=final,
        start_count=start_count,
        parts=parts,
        seed=seed,
    )


def pick_plan(plans: list[Plan], service: int) -> Plan | None:
    """The plan for an order of `service`: its own before a general one, a later before an earlier.

    A plan with `times` is used up.
    """
    for plan in _ranked(plans, service):
        if plan.times is not None:
            plan.times -= 1
            if plan.times <= 0:
                plans.remove(plan)
        return plan
    return None


def _ranked(plans: list[Plan], service: int) -> Iterable[Plan]:
    own = [plan for plan in reversed(plans) if plan.service == service]
    return own + [plan for plan in reversed(plans) if plan.service is None]


def _account(seed: int, order_id: int, position: int, domain: str) -> str:
    rng = random.Random(f"{seed}:account:{order_id}:{position}")
    first, last = rng.choice(FIRST), rng.choice(LAST)
    user = f"{first}.{last}{order_id}{position:03d}"
    password = "".join(rng.choices(PASSWORD, k=12))
    recovery = f"{last}{rng.randint(100, 9999)}@recovery.example"
    return f"{user}{'@' + domain if domain else ''}:{password}|{recovery}"
