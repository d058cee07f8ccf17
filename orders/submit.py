"""Send a placed order to the vendor, at most once; what each outcome means to an order."""

import logging
import re
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from catalog import below_cost
from catalog.stock import NoAnswer, look_up
from core.alerts import alert, resolve
from core.models import Alert
from core.money import show
from core.prepared import ID, Prepared, given, insert
from notices.kinds import Kind
from notices.tell import tell
from orders.below_cost import GUARD
from orders.late import LATE, tell_late
from orders.models import Attempt, Order, OrderEvent
from upstream import forwarding
from upstream.client import Refused, client
from upstream.replies import Added
from wallet import ledger

log = logging.getLogger(__name__)

FIRST_POLL = timedelta(seconds=2)
# Tries that an order may need before its customer is told that it takes longer.
TRIES_UNTOLD = 2
# From this try on, an order for a product goes out even if nobody knows the stock.
TRIES_FOR_STOCK = 3

# The vendor's words, and what they mean to a customer. What fits none is `NOT_ACCEPTED`.
_REASONS = [
    (
        re.compile(r"service.*(not found|disabled|inactive|unavailable)|(incorrect|invalid) service", re.I),
        "SERVICE_GONE",
    ),
    (re.compile(r"stock|sold out", re.I), "OUT_OF_STOCK"),
    (re.compile(r"quantity|minim|maxim", re.I), "BAD_QUANTITY"),
    (re.compile(r"link|url|private", re.I), "BAD_LINK"),
]

_ANOTHER = Prepared(
    lambda: Order.objects.filter(upstream_id=given("upstream", ID)).exclude(pk=given("order", ID)).order_by()
)


def submit(*, order_id: int) -> str | None:
    """Send the order if it is due; returns its new state, None when another worker has it or it isn't due."""
    held = below_cost.stopped(GUARD, pk=order_id, refuse=_refuse_loss, now=timezone.now())
    state = held or forwarding.forward(DESK, pk=order_id)
    if state:
        log.info("order %s: %s", order_id, state)
    return state


def _refuse_loss(order: Order, now: datetime) -> None:
    reject(order, Order.Reason.PRICE_ROSE, now)


def reason_for(words: str, *, is_product: bool) -> str:
    """The customer's reason behind the vendor's words. Nobody gave a link for a product, so none was wrong."""
    reason = next((reason for pattern, reason in _REASONS if pattern.search(words)), Order.Reason.NOT_ACCEPTED)
    return Order.Reason.NOT_ACCEPTED if is_product and reason == Order.Reason.BAD_LINK else reason


class _OrderDesk:
    """How orders are forwarded."""

    model = Order
    attempts = Attempt
    subject = "order"

    def request(self, order: Order) -> dict[str, Any]:
        return {"service": order.service.upstream_id, "link": outgoing_link(order), "quantity": order.quantity}

    def send(self, order: Order, request: dict[str, Any]) -> Added:
        if order.is_product:
            _look_up_stock(order)
        return client().add(**request)

    def on_accepted(self, order: Order, bought: Added, now: datetime) -> str:
        accept(order, bought.order, now)
        return f"accepted as {bought.order}"

    def on_refused(self, order: Order, words: str, now: datetime) -> None:
        reject(order, reason_for(words, is_product=order.is_product), now)

    def on_uncertain(self, order: Order, why: str, now: datetime) -> None:
        order.flag = why[:300]
        OrderEvent.objects.create(order=order, kind=OrderEvent.Kind.UNCERTAIN, note=why, at=now)
        alert(
            key=f"order:{order.pk}:uncertain",
            subject=f"Order {order.pk}: nobody knows whether the vendor has it",
            detail=f"{why}\nIts money stays on hold. Look it up with the vendor, then resolve it in the admin.",
            severity=Alert.Severity.CRITICAL,
            now=now,
        )

    def on_again(self, order: Order, now: datetime) -> None:
        order.flag = ""
        resolve(key=f"order:{order.pk}:uncertain", now=now)
        if order.tries >= TRIES_UNTOLD or now - order.placed_at > LATE:
            tell_late(order, now)

    def on_out_of_funds(self, order: Order, now: datetime) -> None:
        tell_late(order, now)
        alert(
            key="upstream:funds",
            subject="Our balance with the vendor ran out",
            detail=f"Order {order.pk} waits, and others with it. Top up there: they go out by themselves.",
            severity=Alert.Severity.CRITICAL,
            now=now,
        )


DESK = _OrderDesk()


def _look_up_stock(order: Order) -> None:
    """Before a product is charged: is there enough of it? Raises `Refused` or `NotSent`.

    Where the vendor does not say, the order waits a little, and then its `add` decides.
    """
    try:
        stock = look_up(order.service)
    except NoAnswer:
        if order.tries < TRIES_FOR_STOCK:
            raise
        return
    if stock is not None and stock < order.quantity:
        raise Refused(f"out of stock: {stock} of {order.quantity} are there")


def outgoing_link(order: Order) -> str:
    """What the vendor gets as `link`: of a product never the customer's address (ruling 9)."""
    if not order.is_product:
        return order.link
    return order.reference if settings.UPSTREAM_PRODUCT_LINK == "reference" else settings.UPSTREAM_PRODUCT_LINK


def accept(order: Order, upstream_id: int, now: datetime) -> None:
    """The vendor has it as `upstream_id`: follow it from now on. Sets fields of a locked order.

    Raises `forwarding.Contradiction`.
    """
    other = _ANOTHER.first(upstream=upstream_id, order=order.pk)
    if other:
        raise forwarding.Contradiction(f"the vendor's order {upstream_id} is our order {other.pk} already")
    order.upstream_id = upstream_id
    order.accepted_at = order.changed_at = now
    order.next_poll_at = now + FIRST_POLL
    order.flag = ""
    insert(OrderEvent(order=order, kind=OrderEvent.Kind.ACCEPTED, at=now))
    resolve(key=f"order:{order.pk}:uncertain", now=now)
    resolve(key="upstream:funds", now=now)


def reject(order: Order, reason: str, now: datetime) -> None:
    """The vendor doesn't have it and won't: the customer's money is free again. Sets fields of a locked order."""
    ledger.release(hold=order.hold, now=now)
    order.reason = reason
    order.finished_at = order.changed_at = now
    OrderEvent.objects.create(order=order, kind=OrderEvent.Kind.REJECTED, amount=order.charge, at=now)
    tell(
        customer_id=order.customer_id,
        kind=Kind.ORDER_REFUSED,
        about={"number": order.pk, "name": order.service_name, "amount": show(order.charge)},
        link=reverse("orders:detail", args=[order.pk]),
        now=now,
    )
    resolve(key=f"order:{order.pk}:uncertain", now=now)
    resolve(key=below_cost.alert_key(order), now=now)
