"""What an operator can do to an order that has not ended: the ways out of UNCERTAIN, sending, asking."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import IntegrityError
from unfold.enums import ActionVariant

from accounts.roles import DECIDE
from catalog.pricing import cost_of
from core.admin_acts import Done
from core.admin_base import NOTHING, moment
from core.money import show
from orders import poll, states
from orders.admin_act import OrderAct, last_word
from orders.admin_forms import FoundForm, NothingForm, SendAgainForm
from orders.resolve import CantResolve, found, give_up, let_go, send_again, send_now
from upstream.client import UpstreamError
from upstream.forwarding import BelowCost


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
            ("Last word", last_word(self.row)),
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
            return Done(f"Nothing new. Last word: {last_word(order)}. No money moved.", messages.INFO)
        return Done(f"The vendor says: {last_word(order)}. No money moved.")


class SendNow(OrderAct):
    """An order that waits for its next try goes out at once."""

    path = "send-now"
    title = "Try again now"
    button = "Try it now"
    icon = "replay"
    needs = [states.PLACED]

    def fits(self) -> bool:
        return super().fits() and self.row.below_cost != BelowCost.HELD

    def facts(self) -> list[tuple[str, str]]:
        return [*super().facts(), ("Tries so far", str(self.row.tries)), ("Due", moment(self.row.not_before))]

    def says(self) -> list[str]:
        return [
            f"It was not accepted by the vendor so far, and goes out at once instead of when it is due. The "
            f"{show(self.row.charge)} stay on hold.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        send_now(order_id=self.row.pk, operator=self.operator, reason=given["reason"], now=now)
        return Done(f"Order {self.row.pk} goes out. {show(self.row.charge)} stay on hold.")
