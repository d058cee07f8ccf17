"""What an operator can do with a customer's request: answer, make good, close it; each with what it does to money."""

from abc import ABC
from datetime import datetime
from typing import Any, ClassVar

from unfold.enums import ActionVariant

from accounts.models import User
from core.admin_acts import Act, Done
from core.admin_base import NOTHING, moment
from core.money import ZERO, show
from desk import decide, make_good, positions, say
from desk.admin_forms import AnswerForm, DeliverAgainForm, DoneForm, PayBackForm, RefuseForm, texts_of
from desk.models import Request
from orders import states
from orders.redeliver import CantRedeliver
from wallet.admin_refund import Refunding
from wallet.ledger import LedgerError
from wallet.models import Hold


class RequestAct(Act[Request], ABC):
    """An act on a request that is not closed."""

    permission = "desk.change_request"
    refusals: ClassVar[tuple[type[Exception], ...]] = (decide.CantDecide, say.CantSay)

    def fits(self) -> bool:
        return self.row.is_live

    def facts(self) -> list[tuple[str, str]]:
        request = self.row
        facts = [
            ("Asked for", request.get_kind_display()),
            ("Subject", request.subject or NOTHING),
            ("Asked", moment(request.asked_at)),
            ("Customer", str(request.customer)),
        ]
        if request.positions:
            facts.append(("Items", positions.show(request.positions)))
        if order := request.order:
            facts += [
                ("Order", f"{order.pk}, {order.get_state_display().lower()}"),
                ("Vendor's number", str(order.upstream_id or NOTHING)),
                ("Service", order.service_name),
                ("Delivered", f"{order.delivered:,} of {order.quantity:,}"),
                ("Charge", show(order.charge)),
            ]
            if order.warranty_until:
                facts.append(("Warranty until", moment(order.warranty_until)))
        if purchase := request.purchase:
            facts.append(("Purchase of numbers", f"{purchase.pk}: {purchase.site_name}, {purchase.country_name}"))
        return facts


class Answer(RequestAct):
    """OPEN or ANSWERED → ANSWERED."""

    path = "answer"
    title = "Answer"
    button = "Send the answer"
    icon = "reply"
    form = AnswerForm
    variant = ActionVariant.PRIMARY

    def says(self) -> list[str]:
        return ["The customer reads it on the request's page, and may write back. No money moves."]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        say.answer(request_id=self.row.pk, operator=self.operator, text=given["answer"], now=now)
        return Done(f"Request {self.row.pk} is answered. No money moved.")


class DeliverAgain(RequestAct):
    """Items in place of bad or missing ones → DONE."""

    path = "deliver-again"
    title = "Deliver again"
    button = "Deliver them"
    first_button = "Continue"
    icon = "inventory_2"
    permission = "orders.change_order"
    form = DeliverAgainForm
    blamed = "items"
    refusals = (*RequestAct.refusals, CantRedeliver)

    def fits(self) -> bool:
        order = self.row.order
        return super().fits() and order is not None and order.is_product and order.state in states.PAID

    def initial(self) -> dict[str, Any]:
        return {"replaces": positions.show(self.row.positions)}

    def says(self) -> list[str]:
        return [
            "The items are added to the customer's order, marked as replacements, and the request is closed as done. "
            "No money moves: what they cost you is between you and the vendor.",
        ]

    def figures(self, given: dict[str, Any]) -> list[tuple[str, str]]:
        replaces = positions.parse(given["replaces"])
        return [
            ("Items", f"{len(texts_of(given['items'])):,}"),
            ("In place of", positions.show(replaces) or "what was missing"),
            ("Goes to", str(self.row.customer)),
            ("Reason", given["reason"]),
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        texts = texts_of(given["items"])
        make_good.deliver_again(
            request_id=self.row.pk,
            texts=texts,
            replaces=positions.parse(given["replaces"]),
            operator=self.operator,
            reason=given["reason"],
            answer=given["answer"],
            now=now,
        )
        return Done(
            f"{len(texts):,} items were added to order {self.row.order_id}, and request {self.row.pk} is closed as "
            "done. No money moved."
        )


class PayBack(Refunding[Request], RequestAct):
    """Money back → DONE."""

    path = "pay-back"
    form = PayBackForm
    refusals = (*RequestAct.refusals, LedgerError)
    variant = ActionVariant.DEFAULT
    what = "order"

    def hold(self) -> Hold | None:
        order = self.row.order
        return order.hold if order else None

    def payer(self) -> User:
        return self.row.customer

    def fits(self) -> bool:
        order = self.row.order
        return RequestAct.fits(self) and order is not None and order.state in states.PAID and self.left() > ZERO

    def says(self) -> list[str]:
        return [
            "The amount moves from the shop's sales to the customer's balance, at once, and the request is closed as "
            "done. The order stays as it is, and the vendor is not asked.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        make_good.pay_back(
            request_id=self.row.pk,
            amount=given["amount"],
            key=str(given["key"]),
            operator=self.operator,
            reason=given["reason"],
            answer=given["answer"],
            now=now,
        )
        return Done(
            f"{show(given['amount'])} of order {self.row.order_id} are on the customer's balance again, and request "
            f"{self.row.pk} is closed as done."
        )


class MarkDone(RequestAct):
    """→ DONE."""

    path = "done"
    title = "It is done"
    button = "Close it as done"
    icon = "check_circle"
    form = DoneForm
    variant = ActionVariant.SUCCESS

    def says(self) -> list[str]:
        return [
            "The customer's program reads “Completed”. No money moves and the order stays as it is: what the vendor "
            "does comes by itself.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        decide.done(
            request_id=self.row.pk, operator=self.operator, reason=given["reason"], answer=given["answer"], now=now
        )
        return Done(f"Request {self.row.pk} is closed as done. No money moved.")


class Refuse(RequestAct):
    """→ REFUSED."""

    path = "refuse"
    title = "Refuse it"
    button = "Refuse it"
    icon = "block"
    form = RefuseForm
    variant = ActionVariant.DANGER

    def says(self) -> list[str]:
        return ["The customer's program reads “Rejected”. No money moves and the order stays as it is."]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        decide.refuse(
            request_id=self.row.pk, operator=self.operator, reason=given["reason"], answer=given["answer"], now=now
        )
        return Done(f"Request {self.row.pk} is refused. No money moved.")


ACTS: list[type[RequestAct]] = [Answer, DeliverAgain, PayBack, MarkDone, Refuse]
