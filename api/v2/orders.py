"""`add` and `status`."""

from typing import Any

from api import buying, following, goods
from api.access import Caller
from api.params import Params, as_number
from api.refusals import Refusal
from api.v2.errors import NO_FUNDS, NO_ORDER_NAMED, NO_SERVICE_NAMED, NO_SUCH_ORDER, NO_SUCH_SERVICE
from core.money import CURRENCY, plain
from orders.models import DeliveredItem, Order

_WORDS = buying.Words(no_service_named=NO_SERVICE_NAMED, no_such_service=NO_SUCH_SERVICE, no_funds=NO_FUNDS)


def add(caller: Caller, params: Params) -> dict[str, Any]:
    """Place an order."""
    return {"order": buying.order(caller, params, _WORDS).pk}


def status(caller: Caller, params: Params) -> dict[str, Any]:
    """How an order stands; with `orders`, how several do, by id."""
    if params.text("orders"):
        return _several(caller, params.ids("orders"))
    if not params.text("order"):
        raise Refusal(NO_ORDER_NAMED)
    order = following.one(caller.customer, params.number("order"))
    if order is None:
        raise Refusal(NO_SUCH_ORDER)
    items = order.items.values_list("text", flat=True) if _has_goods(order) else []
    return _standing(following.look(order), list(items))


def _has_goods(order: Order) -> bool:
    """Whether there are items to tell: some came, and they were not removed since."""
    return order.is_product and bool(order.delivered) and order.goods_removed_at is None


def _several(caller: Caller, asked: list[str]) -> dict[str, Any]:
    numbers = {text: number for text in asked if (number := as_number(text)) is not None}
    orders = following.of_customer(caller.customer).in_bulk(numbers.values())
    with_goods = [order.pk for order in orders.values() if _has_goods(order)]
    items: dict[int, list[str]] = {}
    if with_goods:
        delivered = DeliveredItem.objects.filter(order__in=with_goods).order_by("order_id", "position")
        for order_id, text in delivered.values_list("order_id", "text"):
            items.setdefault(order_id, []).append(text)
    answers: dict[str, Any] = {}
    for text in asked:
        order = orders.get(numbers.get(text, -1))
        answers[text[:20]] = (
            _standing(following.look(order), items.get(order.pk, [])) if order else {"error": NO_SUCH_ORDER}
        )
    return answers


def _standing(standing: following.Standing, items: list[str]) -> dict[str, Any]:
    order = standing.order
    answer: dict[str, Any] = {
        "status": standing.word,
        "charge": plain(standing.charge),
        "start_count": standing.start_count,
        "remains": standing.remains,
        "currency": CURRENCY,
    }
    if order.is_product:
        answer["entityType"] = goods.kind(order.entity)
    answer["autoDelivery"] = order.service.auto_delivery
    if items:
        answer["accounts"] = items
    return answer
