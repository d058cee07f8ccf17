"""The events that a customer's program can be told of, by the names it sees."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.models import OrderEvent
from sms import states

TEST = "test"
RECEIVED = "number.received"
CODE = "number.code"

# Steps of an order that are a customer's to know; what is for operators is in no table.
OF_ORDERS = {
    OrderEvent.Kind.ACCEPTED: "order.accepted",
    OrderEvent.Kind.STARTED: "order.started",
    OrderEvent.Kind.DELIVERED: "order.delivered",
    OrderEvent.Kind.COMPLETED: "order.completed",
    OrderEvent.Kind.PARTIAL: "order.partial",
    OrderEvent.Kind.CANCELED: "order.canceled",
    OrderEvent.Kind.REJECTED: "order.rejected",
    OrderEvent.Kind.REFUNDED: "order.refunded",
}
OF_ENDS = {
    states.FINISHED: "number.finished",
    states.EXPIRED: "number.expired",
    states.CANCELED: "number.canceled",
}
CHOICES: list[tuple[str, Promise]] = [
    ("order.accepted", _("Order accepted")),
    ("order.started", _("Order in progress")),
    ("order.delivered", _("Items of an order delivered")),
    ("order.completed", _("Order completed")),
    ("order.partial", _("Order partly delivered")),
    ("order.canceled", _("Order canceled")),
    ("order.rejected", _("Order refused")),
    ("order.refunded", _("Order refunded")),
    (RECEIVED, _("Number received")),
    (CODE, _("Code arrived")),
    ("number.finished", _("Number finished")),
    ("number.expired", _("Number expired")),
    ("number.canceled", _("Number canceled")),
]
ALL = [name for name, _label in CHOICES]
