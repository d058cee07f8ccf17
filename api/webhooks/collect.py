"""Find what happened to customers who have an address for it, and put it on its way.

The rooms below know nothing of webhooks: their rows are read, by number. Numbers are handed out before a transaction
commits, so a row with a lower number may appear after one with a higher: each source is looked at again from `low`
on, which follows the newest row only OVERLAP later. What was found before has its `Event`, which is unique, so a
sweep that runs twice, or on two machines at once, finds nothing new. A number's end has no row of its own: from its
first sight to its end the number is watched.
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Exists, Max, Model, OuterRef, QuerySet

from accounts.models import User
from api.webhooks import names, payload
from api.webhooks.models import Cursor, Delivery, Event, Watch, Webhook
from core import bulk
from orders.models import Order, OrderEvent
from sms import states
from sms.models import Message, Number

log = logging.getLogger(__name__)

# Longer than any transaction of the shop: none of them waits for the vendor.
OVERLAP = timedelta(minutes=10)
BATCH = 500
# Batches in one sweep and source; what is left is found by the next.
BATCHES = 20
KEPT = timedelta(days=30)


class News(NamedTuple):
    """Something that happened, before it is written down."""

    customer_id: int
    name: str
    source: str
    source_id: int
    at: datetime
    data: dict[str, Any]


def collect(*, now: datetime) -> int:
    """Write down what is new, with a delivery for each address that wants it; returns how many events there were."""
    return (
        _rows(Event.Source.ORDER_EVENT, OrderEvent, _steps, now)
        + _rows(Event.Source.NUMBER, Number, _numbers, now)
        + _rows(Event.Source.MESSAGE, Message, _messages, now)
        + _ends(now)
    )


def watch_live(customer: User) -> None:
    """Watch the numbers that a customer has already: their new address is told how they end."""
    _watch(Number.objects.filter(purchase__customer=customer, state__in=states.LIVE))


def forget(*, now: datetime) -> None:
    """Drop old events with all their deliveries. A row is read for `OVERLAP` or so, and then never again."""
    bulk.delete(Event.objects.filter(created_at__lt=now - KEPT))


def put_out(*, news: Iterable[News], now: datetime, only: Webhook | None = None) -> int:
    """Write events and their deliveries down, inside a transaction: to every address that wants them, or to one."""
    found = list(news)
    hooks: dict[int, list[Webhook]] = {}
    customers = {each.customer_id for each in found}
    for hook in Webhook.objects.filter(customer__in=customers, active=True) if only is None else [only]:
        hooks.setdefault(hook.customer_id, []).append(hook)
    events = []
    for each in found:
        uid = uuid.uuid4()
        events.append(
            Event(
                uid=uid,
                customer_id=each.customer_id,
                name=each.name,
                source=each.source,
                source_id=each.source_id,
                body=payload.body(uid=uid, name=each.name, at=each.at, data=each.data),
                created_at=now,
            )
        )
    Event.objects.bulk_create(events)
    Delivery.objects.bulk_create(
        Delivery(event=event, webhook=hook, next_at=now)
        for each, event in zip(found, events, strict=True)
        for hook in hooks.get(each.customer_id, [])
        if hook is only or (each.name in hook.events and each.at >= hook.active_since)
    )
    return len(events)


# ── Rows by number ─────────────────────────────────────────────────────────────────────────────────
def _rows(source: str, model: type[Model], read: Callable[[int], Sequence[News]], now: datetime) -> int:
    with transaction.atomic():
        cursor = _locked(source, model, now)
        # Read before the rows: what is newer is left for the next mark.
        newest = _newest(model)
        total = 0
        for _batch in range(BATCHES):
            news = read(cursor.low)
            total += put_out(news=news, now=now)
            if len(news) < BATCH:
                _move(cursor, newest, now)
                break
    return total


def _locked(source: str, model: type[Model], now: datetime) -> Cursor:
    """The source's cursor, ours alone until the transaction ends. A new one begins with what comes next."""
    if not Cursor.objects.filter(pk=source).exists():
        newest = _newest(model)
        Cursor.objects.get_or_create(source=source, defaults={"low": newest, "mark": newest, "marked_at": now})
    return Cursor.objects.select_for_update().get(pk=source)


def _newest(model: type[Model]) -> int:
    newest: int | None = model._default_manager.aggregate(newest=Max("pk"))["newest"]
    return newest or 0


def _move(cursor: Cursor, newest: int, now: datetime) -> None:
    """Everything visible was dealt with: what was the newest row long enough ago has nothing below it to come."""
    if now - cursor.marked_at >= OVERLAP:
        cursor.low, cursor.mark, cursor.marked_at = cursor.mark, newest, now
        cursor.save()


def _unseen(rows: QuerySet[Any], source: str, *, customer: str, at: str) -> QuerySet[Any]:
    """Those of `rows` that have no event, and whose customer had an address then."""
    had = Webhook.objects.filter(
        customer=OuterRef(customer), active=True, customer__is_active=True, active_since__lte=OuterRef(at)
    )
    known = Event.objects.filter(source=source, source_id=OuterRef("pk"))
    return rows.filter(Exists(had), ~Exists(known)).order_by("pk")


def _steps(low: int) -> list[News]:
    rows = OrderEvent.objects.filter(pk__gt=low, kind__in=names.OF_ORDERS)
    steps = list(
        _unseen(rows, Event.Source.ORDER_EVENT, customer="order__customer", at="at").values_list(
            "pk", "order_id", "order__customer_id", "kind", "at"
        )[:BATCH]
    )
    orders = Order.objects.select_related("hold", "service").in_bulk({order_id for _pk, order_id, *_rest in steps})
    return [
        News(customer_id, names.OF_ORDERS[OrderEvent.Kind(kind)], Event.Source.ORDER_EVENT, pk, at, data)
        for pk, order_id, customer_id, kind, at in steps
        if (data := payload.of_order(orders[order_id]))
    ]


def _numbers(low: int) -> list[News]:
    rows = Number.objects.filter(pk__gt=low).select_related("purchase", "slot__hold")
    numbers = list(_unseen(rows, Event.Source.NUMBER, customer="purchase__customer", at="received_at")[:BATCH])
    _watch(numbers)
    # Bought just before the address was there, and seen only now: of these the end is told, not the beginning.
    told_to = Webhook.objects.filter(customer=OuterRef("purchase__customer"), active=True)
    live = Number.objects.filter(Exists(told_to), pk__gt=low, state__in=states.LIVE)
    _watch(live.exclude(pk__in=Watch.objects.values("number")))
    codes = _newest_messages(numbers)
    return [
        News(
            number.purchase.customer_id,
            names.RECEIVED,
            Event.Source.NUMBER,
            number.pk,
            number.received_at,
            payload.of_number(number, codes.get(number.pk)),
        )
        for number in numbers
    ]


def _messages(low: int) -> list[News]:
    rows = Message.objects.filter(pk__gt=low).select_related("number__purchase", "number__slot__hold")
    messages = _unseen(rows, Event.Source.MESSAGE, customer="number__purchase__customer", at="received_at")[:BATCH]
    return [
        News(
            message.number.purchase.customer_id,
            names.CODE,
            Event.Source.MESSAGE,
            message.pk,
            message.received_at,
            payload.of_number(message.number, message),
        )
        for message in messages
    ]


# ── Ends of numbers ────────────────────────────────────────────────────────────────────────────────
def _ends(now: datetime) -> int:
    with transaction.atomic():
        _locked(Event.Source.END, Number, now)
        over = Number.objects.filter(pk__in=Watch.objects.values("number")).exclude(state__in=states.LIVE)
        ended = list(over.select_related("purchase", "slot__hold").order_by("pk")[:BATCH])
        fresh = _unseen(over, Event.Source.END, customer="purchase__customer", at="finished_at")
        told = set(fresh.filter(pk__in=[number.pk for number in ended]).values_list("pk", flat=True))
        codes = _newest_messages(ended)
        total = put_out(
            news=[
                News(
                    number.purchase.customer_id,
                    names.OF_ENDS[number.state],
                    Event.Source.END,
                    number.pk,
                    number.finished_at or now,
                    payload.of_number(number, codes.get(number.pk)),
                )
                for number in ended
                if number.pk in told
            ],
            now=now,
        )
        Watch.objects.filter(number__in=ended).delete()
    return total


def _watch(numbers: Iterable[Number]) -> None:
    Watch.objects.bulk_create([Watch(number=number) for number in numbers], ignore_conflicts=True)


def _newest_messages(numbers: Iterable[Number]) -> dict[int, Message]:
    """The newest message of each number that has one."""
    messages = Message.objects.filter(number__in=[number.pk for number in numbers]).order_by("pk")
    return {message.number_id: message for message in messages}
