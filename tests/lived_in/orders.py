"""Orders in every state, by the acts that lead there; goods, and plans."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from catalog.models import Service
from orders import keep, place, refund, resolve, states, submit
from orders.models import GoodsReveal, Order, OrderEvent, Plan
from orders.note_reveal import note_reveal
from orders.plans import begin, pause, run, stop
from orders.settle import settle
from orders.verdict import ended

# What people really paste: a tidy one, one with forty digits, and one with everything in it.
LINKS = [
    "https://www.instagram.com/lumen.ceramics/",
    "https://www.facebook.com/permalink.php?story_fbid=1234567890123456789012345678901234567890&id=100",
    "https://www.tiktok.com/@atelier_nord/video/7412345678901234567?is_from_webapp=1&sender_device=pc",
]
WAYS = [states.COMPLETED, states.RUNNING, states.PARTIAL, states.PLACED, states.CANCELED, states.REJECTED]


class Orders:
    """Makes a customer's orders; `tick` gives each act its moment."""

    def __init__(self, customer: User, operator: User, tick: Callable[[], datetime]) -> None:
        self.customer, self.operator, self.tick = customer, operator, tick
        self.made = 0

    def placed(self, service: Service, quantity: int = 0, **more: object) -> Order:
        self.made += 1
        wish: dict[str, object] = {"customer": self.customer, **more}
        link = "" if service.entity == Service.Entity.PRODUCT else LINKS[self.made % len(LINKS)]
        return place.order(
            service_id=service.pk,
            quantity=quantity or service.min,
            link=link,
            now=self.tick(),
            **wish,  # type: ignore[arg-type]
        )

    def uncertain(self, order: Order) -> Order:
        (claimed, *_rest) = submit.forwarding._claim(submit.DESK, order.pk)
        submit.forwarding._uncertain(submit.DESK, claimed, "no answer within 20 s")
        order.refresh_from_db()
        return order

    def running(self, order: Order) -> Order:
        self.uncertain(order)
        number = 41_000_000 + order.pk
        resolve.found(order_id=order.pk, upstream_id=number, operator=self.operator, reason="listed", now=self.tick())
        done = order.quantity * 2 // 5
        Order.objects.filter(pk=order.pk).update(
            start_count=1240, remains=order.quantity - done, delivered=done, upstream_status="In progress"
        )
        OrderEvent.objects.create(order=order, kind=OrderEvent.Kind.STARTED, at=self.tick())
        order.refresh_from_db()
        return order

    def in_state(self, state: str, service: Service, quantity: int = 0, **more: object) -> Order:
        """An order that has come to `state`."""
        order = self.placed(service, quantity, **more)
        if state == states.PLACED:
            return order
        if state in (states.UNCERTAIN, states.REJECTED):
            self.uncertain(order)
            if state == states.REJECTED:
                resolve.give_up(order_id=order.pk, operator=self.operator, reason="not listed", now=self.tick())
        else:
            self.running(order)
            share = {states.COMPLETED: Decimal(1), states.PARTIAL: Decimal("0.4"), states.CANCELED: Decimal(0)}
            if state in share:
                pieces = int(order.quantity * share[state])
                settle(order_id=order.pk, verdict=ended(order.quantity, pieces), now=self.tick())
                Order.objects.filter(pk=order.pk).update(remains=order.quantity - pieces)
        order.refresh_from_db()
        return order

    def refunded(self, service: Service) -> Order:
        """Completed, and a third of it paid back by hand."""
        order = self.in_state(states.COMPLETED, service)
        amount = (order.charge / 3).quantize(Decimal("0.0001"))
        refund.refund(
            order_id=order.pk, amount=amount, key="lived-in", operator=self.operator, reason="late", now=self.tick()
        )
        order.refresh_from_db()
        return order

    def delivered(self, product: Service, quantity: int) -> Order:
        """A product, delivered and looked at."""
        order = self.running(self.placed(product, quantity))
        with transaction.atomic():
            locked = Order.objects.select_for_update().get(pk=order.pk)
            keep.keep(locked, [item(order, number) for number in range(quantity)], now=self.tick())
            locked.save()
        settle(order_id=order.pk, verdict=ended(quantity, quantity), now=self.tick())
        order.refresh_from_db()
        self.looked_at(order, quantity)
        return order

    def looked_at(self, order: Order, times: int) -> None:
        for number in range(times):
            kind = list(GoodsReveal.Kind)[number % len(GoodsReveal.Kind)]
            address = f"203.0.113.{number % 250}"
            note_reveal(
                order=order, actor=self.customer, kind=kind, address=address, count=order.quantity, now=self.tick()
            )

    # ── Plans ──────────────────────────────────────────────────────────────────────────────────────
    def plan(self, service: Service, runs: int, *, begun: int = 0, start_at: datetime | None = None) -> Plan:
        """A drip-feed of `runs`, `begun` of them placed by now, all but the last completed."""
        moment = self.tick()
        plan = begin.plan(
            customer=self.customer,
            service_id=service.pk,
            quantity=service.min,
            link=LINKS[0],
            runs=runs,
            interval=60,
            start_at=start_at,
            now=moment,
        )
        for _number in range(1, begun):
            self._go_on(plan, moment)
            Plan.objects.filter(pk=plan.pk).update(next_run_at=moment)
            run.run(plan_id=plan.pk, now=moment)
        plan.refresh_from_db()
        return plan

    def _go_on(self, plan: Plan, moment: datetime) -> None:
        """See the newest run through, as if it had gone out an interval ago."""
        last = plan.orders.order_by("-run")[0]
        self.running(last)
        settle(order_id=last.pk, verdict=ended(last.quantity, last.quantity), now=self.tick())
        Order.objects.filter(pk=last.pk).update(accepted_at=moment - plan.every)

    def plans(self, service: Service, later: datetime) -> dict[str, Plan]:
        """A plan in each state."""
        paused, stopped = self.plan(service, 5, begun=2), self.plan(service, 4, begun=2)
        pause.pause(plan_id=paused.pk, customer=self.customer, now=self.tick())
        stop.stop(plan_id=stopped.pk, reason=Plan.Reason.BY_CUSTOMER, customer=self.customer, now=self.tick())
        active = self.plan(service, 6, begun=3)
        Plan.objects.filter(pk=active.pk).update(next_run_at=later + timedelta(minutes=40))
        return {
            "ACTIVE": active,
            "PAUSED": paused,
            "STOPPED": stopped,
            "DONE": self.plan(service, 2, begun=2),
            "LATER": self.plan(service, 1, start_at=later + timedelta(days=2)),
        }


def item(order: Order, number: int) -> str:
    """A delivered account, no two alike."""
    name = f"{order.pk}-{number + 1}"
    return f"quiet.otter.{name}@mail.example:Tg7-{number * 7919 % 100_000:05}-x|recovery.{name}@mail.example|2024-03"
