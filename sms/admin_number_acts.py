"""What an operator can do to a number: ask, hand over a code, end it, pay it back. Each shows the money first."""

from abc import ABC
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.models import User
from accounts.roles import DECIDE
from core.admin_acts import Act, Done, Figures, ReasonForm
from core.admin_base import NOTHING, moment
from core.money import ZERO, show
from sms import listen, states
from sms.by_hand import CantAct, deliver_code, end_by_hand
from sms.models import Number
from sms.refund import refund
from upstream.client import UpstreamError
from wallet.admin_refund import RefundAmount, RefundForm, RefundOnce, StatementReason
from wallet.ledger import LedgerError
from wallet.models import Hold, Transfer


class CodeForm(ReasonForm):
    """The code, as the vendor told it in another way."""

    code = forms.CharField(
        label="Code",
        max_length=100,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Enter the code that came."},
    )
    text = forms.CharField(
        label="Whole message",
        max_length=5000,
        required=False,
        help_text="If there is one.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )
    field_order = ("code", "text", "reason")


class NumberRefundForm(RefundForm):
    """How much of a number's price, and why."""

    amount = RefundAmount(such_as="0.50")
    reason = StatementReason(most=200)


class NumberAct(Act[Number], ABC):
    """An act on a number in one of its `needs` states."""

    needs: list[str]
    permission = "sms.change_number"
    refusals = (CantAct, LedgerError, ValueError)

    def fits(self) -> bool:
        return self.row.state in self.needs

    def facts(self) -> Figures:
        number = self.row
        hold = number.slot.hold
        paid = number.state in states.PAID
        return [
            ("Number", f"{number}, {number.get_state_display().lower()}"),
            ("Customer", str(number.purchase.customer)),
            ("For", f"{number.purchase.site_name}, {number.purchase.country_name}"),
            ("Waits until", moment(number.expires_at)),
            ("Paid" if paid else "Set aside", show(hold.captured if paid else hold.amount)),
            *([("Refunded so far", show(hold.refunded))] if paid else []),
            ("The vendor charged", NOTHING if number.upstream_charge is None else show(number.upstream_charge)),
        ]


class AskNow(NumberAct):
    """Ask for a code outside its turn."""

    path = "ask"
    title = "Ask the vendor now"
    button = "Ask now"
    icon = "sync"
    needs = states.LIVE
    form = forms.Form
    # The answer may take as long as the vendor likes: no transaction stays open for it.
    atomic = False

    def says(self) -> list[str]:
        return [
            "The vendor is asked for a code, as happens by itself every few seconds. With its first code the customer "
            "pays; if it has ended without one, the money goes back. Otherwise no money moves.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        before = (self.row.state, self.row.upstream_status, self.row.messages.count())
        answer = listen.listen_one(number_id=self.row.pk)
        number = self.row
        number.refresh_from_db()
        if answer is None:
            return Done("It has ended already: nobody was asked.", messages.WARNING, happened=False)
        if isinstance(answer, UpstreamError):
            return Done(f"The vendor does not say how it stands: {answer}. No money moved.", messages.WARNING)
        if before == (number.state, number.upstream_status, number.messages.count()):
            return Done(f"Nothing new. Last word: “{number.upstream_status}”. No money moved.", messages.INFO)
        return Done(f"It is now: {number.get_state_display().lower()}, “{number.upstream_status}”.")


class HandOverCode(NumberAct):
    """WAITING → RECEIVED with a code that the operator enters."""

    path = "hand-over"
    title = "Deliver a code by hand"
    button = "Deliver the code"
    first_button = "Continue"
    permission = DECIDE
    icon = "content_paste_go"
    needs = states.LIVE
    form = CodeForm
    blamed = "code"

    def says(self) -> list[str]:
        return ["For a code that the vendor gave you in another way. The customer sees it at once."]

    def figures(self, given: dict[str, Any]) -> Figures:
        first = self.row.state == states.WAITING
        return [
            ("The customer pays", show(self.row.slot.hold.amount if first else ZERO)),
            ("Code", given["code"]),
            ("Reason", given["reason"]),
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        number = deliver_code(number_id=self.row.pk, operator=self.operator, now=now, **given)
        number.slot.hold.refresh_from_db()
        return Done(f"The customer has the code, and paid {show(number.slot.hold.captured)} for the number.")


class EndByHand(NumberAct):
    """WAITING → CANCELED, RECEIVED → FINISHED."""

    path = "finish"
    title = "End by hand"
    button = "End the number"
    first_button = "Continue"
    permission = DECIDE
    icon = "stop_circle"
    needs = states.LIVE
    variant = ActionVariant.DANGER

    def says(self) -> list[str]:
        return [
            "The vendor is not asked for this number any more, and a code that still comes reaches nobody. Without a "
            "code so far, the customer's money is theirs again at once; with one, it stays paid. This can't be undone.",
        ]

    def figures(self, given: dict[str, Any]) -> Figures:
        waits = self.row.state == states.WAITING
        return [
            ("Back to the customer", show(self.row.slot.hold.amount if waits else ZERO)),
            ("Stays paid", show(ZERO if waits else self.row.slot.hold.captured)),
            ("Reason", given["reason"]),
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        number = end_by_hand(number_id=self.row.pk, operator=self.operator, reason=given["reason"], now=now)
        back = number.slot.hold.amount if number.state == states.CANCELED else ZERO
        return Done(f"{number} has ended. {show(back)} are available to the customer again.")


class Refund(RefundOnce[Number], NumberAct):
    """Pay back what a number was paid for."""

    needs = states.PAID
    form = NumberRefundForm
    what = "number"

    def hold(self) -> Hold:
        return self.row.slot.hold

    def payer(self) -> User:
        return self.row.purchase.customer

    def fits(self) -> bool:
        return NumberAct.fits(self) and self.left() > ZERO

    def kept(self, left: Decimal) -> Figures:
        left -= self.row.upstream_charge or ZERO
        return [("Your loss" if left < 0 else "Left for you", show(abs(left)))]

    def refund(self, given: dict[str, Any], now: datetime) -> Transfer:
        return refund(
            number_id=self.row.pk,
            amount=given["amount"],
            key=str(given["key"]),
            operator=self.operator,
            reason=given["reason"],
            now=now,
        )


ACTS: list[type[NumberAct]] = [AskNow, HandOverCode, EndByHand, Refund]
