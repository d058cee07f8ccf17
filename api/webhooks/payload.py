"""What is posted of an event: the fields and words of the API's own status answers, and never delivered goods."""

import uuid
from datetime import UTC, datetime
from typing import Any

import msgspec

from api import following, goods, words
from core.money import CURRENCY, plain
from orders.models import Order
from sms import states
from sms.models import Message, Number


def body(*, uid: uuid.UUID, name: str, at: datetime, data: dict[str, Any]) -> str:
    """The JSON of one event, as it is posted and signed."""
    return msgspec.json.encode({"id": str(uid), "event": name, "created_at": _moment(at), "data": data}).decode()


def of_order(order: Order) -> dict[str, Any]:
    """How an order of `following.of_customer` stands, as `status` answers. Goods are fetched by the API."""
    standing = following.look(order)
    data: dict[str, Any] = {
        "order": order.pk,
        "service": order.service_id,
        "quantity": order.quantity,
        "status": standing.word,
        "charge": plain(standing.charge),
        "start_count": standing.start_count,
        "remains": standing.remains,
        "currency": CURRENCY,
    }
    if order.is_product:
        data["entityType"] = goods.kind(order.entity)
        data["delivered"] = order.delivered
    data["autoDelivery"] = order.service.auto_delivery
    return data


def of_number(number: Number, message: Message | None) -> dict[str, Any]:
    """How a number stands, as `sms_status` answers; with a message, its code and its text."""
    hold = number.slot.hold
    waits = number.state == states.WAITING
    data: dict[str, Any] = {
        "order": number.pk,
        "status": words.of_number(number.state),
        "phone": number.e164 or number.phone,
        "code": message.code if message else None,
        "charge": f"{hold.amount if waits else hold.captured - hold.refunded:.4f}",
        "currency": CURRENCY,
        "expires_at": _moment(number.expires_at),
    }
    if message is not None:
        data["sms_content"] = message.text
    return data


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
