"""Acts of an operator that end an order, or pay back what it was paid for. Each shows the money before the yes."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from unfold.enums import ActionVariant

from accounts.models import User
from accounts.roles import DECIDE
from catalog.pricing import share
from core.admin_acts import Done, Figures
from core.money import ZERO, show
from orders import states
from orders.admin_act import OrderAct, cost, last_word, yours
from orders.admin_forms import FinishForm, HandOverForm
from orders.deliver_by_hand import deliver_by_hand, look
from orders.models import Order
from orders.refund import refund
from orders.resolve import CantResolve, finish
from wallet.admin_refund import RefundOnce
from wallet.models import Hold, Transfer


def _shared_out(order: Order, delivered: int) -> Figures:
    """Whose money it is once `delivered` pieces are all that comes."""
    paid = share(order.charge, part=delivered, whole=order.quantity)
    return [
        ("The customer pays", show(paid)),
        ("Back to the customer", show(order.charge - paid)),
        yours(order, paid),
    ]


def _ended(order: Order) -> Done:
    """What is said of an order that an operator has ended."""
    order.hold.refresh_from_db()
    return Done(
        f"Order {order.pk} ended as {order.get_state_display().lower()}, {order.delivered:,} of "
        f"{order.quantity:,} delivered. The customer paid {show(order.hold.captured)} and got "
        f"{show(order.charge - order.hold.captured)} back."
    )


class Finish(OrderAct):
    """RUNNING → COMPLETED, PARTIAL or CANCELED."""

    path = "finish"
    title = "End by hand"
    button = "End the order"
    first_button = "Continue"
    permission = DECIDE
    icon = "stop_circle"
    needs = [states.RUNNING]
    form = FinishForm
    variant = ActionVariant.DANGER
    blamed = "delivered"

    def facts(self) -> list[tuple[str, str]]:
        return [*super().facts(), ("Last word", last_word(self.row)), ("Delivered so far", f"{self.row.delivered:,}")]

    def initial(self) -> dict[str, Any]:
        return {"delivered": self.row.delivered}

    def says(self) -> list[str]:
        return [
            "For an order that the vendor never ends. The customer pays their share for the pieces you enter and gets "
            "the rest back at once; the vendor is not asked any more. This can't be undone: a refund is possible "
            "afterwards, a further charge is not.",
        ]

    def figures(self, given: dict[str, Any]) -> list[tuple[str, str]]:
        order, delivered = self.row, given["delivered"]
        if not self.fits():
            raise CantResolve(f"Order {order.pk} is {order.state}, not {states.RUNNING}.")
        if delivered > order.quantity:
            raise CantResolve(f"Delivered must be from 0 to {order.quantity}.")
        return [
            ("Delivered", f"{delivered:,} of {order.quantity:,}"),
            *_shared_out(order, delivered),
            ("Reason", given["reason"]),
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        order = finish(
            order_id=self.row.pk,
            delivered=given["delivered"],
            operator=self.operator,
            reason=given["reason"],
            now=now,
        )
        return _ended(order)


class HandOver(OrderAct):
    """RUNNING → COMPLETED or PARTIAL, with items that the operator pastes."""

    path = "hand-over"
    title = "Deliver by hand"
    button = "Deliver them and end the order"
    first_button = "Continue"
    permission = DECIDE
    icon = "content_paste_go"
    needs = [states.RUNNING]
    form = HandOverForm
    blamed = "accounts"

    def fits(self) -> bool:
        return super().fits() and self.row.is_product

    def facts(self) -> list[tuple[str, str]]:
        order = self.row
        return [*super().facts(), ("Last word", last_word(order)), ("There already", f"{order.items.count():,}")]

    def says(self) -> list[str]:
        return [
            "For goods that the vendor gave you in another way. The customer gets what you paste beside what is there "
            "already, pays their share for all of it, and gets the rest back at once. The vendor is not asked any "
            "more. This can't be undone.",
        ]

    def figures(self, given: dict[str, Any]) -> list[tuple[str, str]]:
        order = self.row
        handed = look(order, given["accounts"])
        return [
            ("New items", f"{handed.fresh:,}"),
            ("The customer has then", f"{handed.total:,} of {order.quantity:,}"),
            *([("Delivered before, to anyone", f"{handed.before:,} of them")] if handed.before else []),
            *_shared_out(order, handed.total),
            ("Reason", given["reason"]),
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        order = deliver_by_hand(
            order_id=self.row.pk,
            texts=given["accounts"],
            operator=self.operator,
            reason=given["reason"],
            now=now,
        )
        return _ended(order)


class Cancel(OrderAct):
    """RUNNING → CANCELED, while nothing has arrived."""

    path = "cancel"
    title = "Cancel: all the money back"
    button = "Cancel the order"
    first_button = "Continue"
    permission = DECIDE
    icon = "cancel"
    needs = [states.RUNNING]
    variant = ActionVariant.DANGER

    def fits(self) -> bool:
        return super().fits() and not self.row.delivered and not self.row.items.exists()

    def facts(self) -> list[tuple[str, str]]:
        return [*super().facts(), ("Last word", last_word(self.row))]

    def says(self) -> list[str]:
        return [
            "For an order of which nothing arrived. The vendor has no call for it: cancel it there first, by its own "
            "page or by writing to it. It is not asked any more, so what it still delivers costs you and nobody pays.",
        ]

    def figures(self, given: dict[str, Any]) -> list[tuple[str, str]]:
        order = self.row
        if not self.fits():
            raise CantResolve(f"Order {order.pk} is {order.state}, with {order.delivered} delivered.")
        return [
            ("Back to the customer", show(order.charge)),
            ("The customer pays", show(ZERO)),
            ("Yours to settle with the vendor", show(cost(order))),
            ("Reason", given["reason"]),
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        order = Order.objects.select_for_update().get(pk=self.row.pk)
        if order.delivered or order.items.exists():
            raise CantResolve(f"Something of order {order.pk} has arrived meanwhile: end it by hand instead.")
        finish(order_id=order.pk, delivered=0, operator=self.operator, reason=given["reason"], now=now)
        return Done(f"Order {order.pk} is canceled. {show(order.charge)} are available to the customer again.")


class Refund(RefundOnce[Order], OrderAct):
    """Pay back what a finished order was paid for."""

    needs = states.PAID
    what = "order"

    def hold(self) -> Hold:
        return self.row.hold

    def payer(self) -> User:
        return self.row.customer

    def fits(self) -> bool:
        return OrderAct.fits(self) and self.left() > ZERO

    def kept(self, left: Decimal) -> Figures:
        return [yours(self.row, left)]

    def of_what(self) -> str:
        return f" of order {self.row.pk}"

    def refund(self, given: dict[str, Any], now: datetime) -> Transfer:
        return refund(
            order_id=self.row.pk,
            amount=given["amount"],
            key=str(given["key"]),
            operator=self.operator,
            reason=given["reason"],
            now=now,
        )
