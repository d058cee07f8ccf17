"""What an operator can do to an order, by its state: the ways out of UNCERTAIN, asking, ending by hand, refunds."""

import uuid
from abc import ABC
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import messages
from django.db import IntegrityError
from unfold.enums import ActionVariant

from catalog.pricing import cost_of, share
from core.admin_acts import Act, Done
from core.admin_base import NOTHING, moment
from core.money import ZERO, show
from orders import poll, states
from orders.admin_forms import FinishForm, FoundForm, NothingForm, RefundForm, SendAgainForm
from orders.models import Order
from orders.refund import refund
from orders.resolve import CantResolve, finish, found, give_up, let_go, send_again
from upstream.client import UpstreamError
from upstream.forwarding import BelowCost
from wallet.ledger import KeyReused, LedgerError

# What moves money, or decides about it, is not for everybody who may look after orders.
DECIDE = "wallet.change_account"


class OrderAct(Act[Order], ABC):
    """An act on an order in one of its `needs` states."""

    needs: ClassVar[list[str]]
    permission = "orders.change_order"
    refusals = (CantResolve, LedgerError, ValueError)

    def fits(self) -> bool:
        return self.row.state in self.needs

    def facts(self) -> list[tuple[str, str]]:
        order = self.row
        return [
            ("Order", f"{order.pk}, {order.get_state_display().lower()}"),
            ("Customer", str(order.customer)),
            ("Service", order.service_name),
            ("Link", order.link or NOTHING),
            ("Quantity", f"{order.quantity:,}"),
            ("Placed", moment(order.placed_at)),
            ("Charge", show(order.charge)),
            *([("Our balance there", order.evidence)] if order.evidence else []),
        ]


class Found(OrderAct):
    """UNCERTAIN → RUNNING."""

    path = "found"
    title = "The vendor has it"
    button = "It has this number"
    permission = DECIDE
    icon = "check_circle"
    needs = [states.UNCERTAIN]
    form = FoundForm
    variant = ActionVariant.SUCCESS
    blamed = "upstream_id"

    def says(self) -> list[str]:
        return [
            "Look it up with the vendor: service, link, quantity and time must be those of this order. For a product, "
            f"the link there is {self.row.reference}, unless your own address is sent.",
            f"The {show(self.row.charge)} stay on hold. The shop follows the vendor's order from now on: the customer "
            "pays for what it delivers and gets the rest back.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        number = given["upstream_id"]
        try:
            found(order_id=self.row.pk, upstream_id=number, operator=self.operator, reason=given["reason"], now=now)
        except IntegrityError:  # two orders given one number in the same moment
            raise CantResolve(f"Another of our orders has just become the vendor's order {number}.") from None
        return Done(
            f"Order {self.row.pk} runs as the vendor's order {number}. Until it ends, {show(self.row.charge)} stay on "
            "hold."
        )


class SendAgain(OrderAct):
    """UNCERTAIN → PLACED."""

    path = "send-again"
    title = "It was not accepted: send again"
    button = "Send it again"
    permission = DECIDE
    icon = "replay"
    needs = [states.UNCERTAIN]
    form = SendAgainForm

    def says(self) -> list[str]:
        return [
            f"The {show(self.row.charge)} stay on hold, and the order goes out again at once.",
            "If the vendor has it after all, it is bought twice: the customer pays once, and you pay the vendor twice.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        send_again(order_id=self.row.pk, operator=self.operator, reason=given["reason"], now=now)
        return Done(f"Order {self.row.pk} goes out again. {show(self.row.charge)} stay on hold.")


class GiveUp(OrderAct):
    """UNCERTAIN or PLACED → REJECTED."""

    path = "give-up"
    title = "Give up: release the money"
    button = "Release the money"
    permission = DECIDE
    icon = "undo"
    needs = [states.UNCERTAIN, states.PLACED]
    variant = ActionVariant.DANGER

    def says(self) -> list[str]:
        return [
            f"The {show(self.row.charge)} on hold are the customer's again at once, and the order ends as rejected. "
            "This can't be undone.",
            "If the vendor has it after all, the customer may get it for nothing: you pay the vendor.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        give_up(order_id=self.row.pk, operator=self.operator, reason=given["reason"], now=now)
        return Done(f"Order {self.row.pk} is given up. {show(self.row.charge)} are available to the customer again.")


class LetGo(OrderAct):
    """Held back → sent all the same."""

    path = "let-go"
    title = "Send all the same"
    button = "Send it below cost"
    permission = DECIDE
    icon = "send"
    needs = [states.PLACED]

    def fits(self) -> bool:
        return super().fits() and self.row.below_cost == BelowCost.HELD

    def facts(self) -> list[tuple[str, str]]:
        service = self.row.service
        now = cost_of(service, self.row.quantity)
        return [
            *super().facts(),
            ("Cost when it was placed", show(self.row.cost)),
            ("Cost now", show(now)),
            ("Lost on it now", show(now - self.row.charge) if now > self.row.charge else NOTHING),
        ]

    def says(self) -> list[str]:
        return [
            f"The order goes out at once. The customer pays at most the {show(self.row.charge)} on hold; the vendor "
            "charges you what it costs by then, even if that rises further.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        let_go(order_id=self.row.pk, operator=self.operator, reason=given["reason"], now=now)
        return Done(f"Order {self.row.pk} goes out. {show(self.row.charge)} stay on hold.")


class AskNow(OrderAct):
    """Poll a running order outside its turn."""

    path = "ask"
    title = "Ask the vendor now"
    button = "Ask now"
    icon = "sync"
    needs = [states.RUNNING]
    form = NothingForm
    # The answer may take as long as the vendor likes: no transaction stays open for it.
    atomic = False

    def facts(self) -> list[tuple[str, str]]:
        return [
            *super().facts(),
            ("Last word", _last_word(self.row)),
            ("Asked again by itself", moment(self.row.next_poll_at)),
        ]

    def says(self) -> list[str]:
        return [
            "The vendor is asked how the order stands, as happens by itself when it is due. If it has ended, it is "
            "settled: the customer pays for what arrived and gets the rest back. Otherwise no money moves.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        before = (self.row.upstream_status, self.row.remains, self.row.delivered)
        answer = poll.poll_one(order_id=self.row.pk)
        if answer is None:
            self.row.refresh_from_db()
            return Done(f"Order {self.row.pk} has ended already: nobody was asked.", messages.WARNING, happened=False)
        order = self.row
        order.refresh_from_db()
        if order.state != states.RUNNING:
            order.hold.refresh_from_db()
            return Done(
                f"Order {order.pk} has ended: {order.get_state_display().lower()}, {order.delivered:,} of "
                f"{order.quantity:,} delivered. The customer paid {show(order.hold.captured)} of {show(order.charge)}."
            )
        if isinstance(answer, UpstreamError):
            return Done(f"The vendor does not say how it stands: {answer}. No money moved.", messages.WARNING)
        if before == (order.upstream_status, order.remains, order.delivered):
            return Done(f"Nothing new. Last word: {_last_word(order)}. No money moved.", messages.INFO)
        return Done(f"The vendor says: {_last_word(order)}. No money moved.")


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
        return [*super().facts(), ("Last word", _last_word(self.row)), ("Delivered so far", f"{self.row.delivered:,}")]

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
        paid = share(order.charge, part=delivered, whole=order.quantity)
        return [
            ("Delivered", f"{delivered:,} of {order.quantity:,}"),
            ("The customer pays", show(paid)),
            ("Back to the customer", show(order.charge - paid)),
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
        order.hold.refresh_from_db()
        return Done(
            f"Order {order.pk} ended as {order.get_state_display().lower()}, {order.delivered:,} of "
            f"{order.quantity:,} delivered. The customer paid {show(order.hold.captured)} and got "
            f"{show(order.charge - order.hold.captured)} back."
        )


class Refund(OrderAct):
    """Pay back what a finished order was paid for."""

    path = "refund"
    title = "Refund"
    button = "Refund"
    first_button = "Continue"
    permission = DECIDE
    icon = "currency_exchange"
    needs = states.PAID
    form = RefundForm
    variant = ActionVariant.PRIMARY
    blamed = "amount"

    def _left(self) -> Any:
        return self.row.hold.captured - self.row.hold.refunded

    def fits(self) -> bool:
        return super().fits() and self._left() > ZERO

    def facts(self) -> list[tuple[str, str]]:
        return [
            *super().facts(),
            ("Paid", show(self.row.hold.captured)),
            ("Refunded so far", show(self.row.hold.refunded)),
            ("Can be refunded", show(self._left())),
        ]

    def initial(self) -> dict[str, Any]:
        return {"amount": self._left(), "key": uuid.uuid4()}

    def says(self) -> list[str]:
        return [
            "The amount moves from the shop's sales to the customer's balance, at once. The order stays as it is, and "
            "the vendor is not asked: what you paid there is between you and them.",
        ]

    def figures(self, given: dict[str, Any]) -> list[tuple[str, str]]:
        left = self._left()
        if given["amount"] > left:
            raise LedgerError(f"At most {show(left)} of this order can still be refunded.")
        return [
            ("Refund", show(given["amount"])),
            ("Can be refunded afterwards", show(left - given["amount"])),
            ("Goes to", str(self.row.customer)),
            ("Reason", given["reason"]),
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        before = self.row.events.filter(kind="REFUNDED").count()
        try:
            order = refund(
                order_id=self.row.pk,
                amount=given["amount"],
                key=str(given["key"]),
                operator=self.operator,
                reason=given["reason"],
                now=now,
            )
        except KeyReused:
            raise LedgerError(
                "This form has refunded another amount already. Open “Refund” again for a further one."
            ) from None
        left = show(order.hold.captured - order.hold.refunded)
        if order.events.filter(kind="REFUNDED").count() == before:
            return Done(f"This form was sent twice: it refunded once. {left} can still be refunded.", happened=False)
        return Done(
            f"{show(given['amount'])} of order {order.pk} are on the customer's balance again. "
            f"{left} can still be refunded."
        )


def _last_word(order: Order) -> str:
    """The vendor's status of the order as it was last heard."""
    if not order.upstream_status:
        return "none yet"
    remains = f", remains {order.remains:,}" if order.remains is not None else ""
    return f"“{order.upstream_status}”{remains}"


ACTS: list[type[OrderAct]] = [Found, SendAgain, LetGo, GiveUp, AskNow, Finish, Refund]
