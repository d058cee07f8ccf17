"""What an operator can do about numbers: the ways out of UNCERTAIN for a purchase, and selling a project again."""

from abc import ABC
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import IntegrityError
from django.utils import timezone
from unfold.enums import ActionVariant

from accounts.roles import DECIDE
from core.admin_acts import Act, Done
from core.admin_base import NOTHING, moment
from core.money import show
from sms import states
from sms.admin_forms import FoundForm, SendAgainForm
from sms.models import Project, Purchase
from sms.resolve import CantResolve, found, give_up, let_go, send_again, send_now
from sms.resume import resume
from upstream.forwarding import BelowCost
from wallet.ledger import LedgerError


class PurchaseAct(Act[Purchase], ABC):
    """An act on a purchase of which nobody knows whether the vendor has it."""

    # All of them decide about money.
    permission = DECIDE
    refusals = (CantResolve, LedgerError)

    def fits(self) -> bool:
        return self.row.state == states.UNCERTAIN

    def facts(self) -> list[tuple[str, str]]:
        purchase = self.row
        return [
            ("Purchase", f"{purchase.pk}, {purchase.get_state_display().lower()}"),
            ("Customer", str(purchase.customer)),
            ("For", f"{purchase.site_name}, {purchase.country_name}"),
            ("Numbers", str(purchase.quantity)),
            ("Number to use again", purchase.phone or NOTHING),
            ("Placed", f"{timezone.localtime(purchase.placed_at):%Y-%m-%d %H:%M:%S %Z}"),
            ("On hold", f"{show(purchase.total)}, {show(purchase.price)} a number"),
            ("What happened", purchase.flag or NOTHING),
            *([("Our balance there", purchase.evidence)] if purchase.evidence else []),
        ]


class Found(PurchaseAct):
    """UNCERTAIN → RUNNING."""

    path = "found"
    title = "The vendor has it"
    button = "It gave these numbers"
    first_button = "Continue"
    permission = DECIDE
    icon = "check_circle"
    form = FoundForm
    variant = ActionVariant.SUCCESS
    blamed = "numbers"

    def says(self) -> list[str]:
        return [
            "Look it up with the vendor: project, country, time and how many must be those of this purchase.",
            f"For each number you enter, {show(self.row.price)} stay on hold: the customer pays with its first code, "
            "and gets them back without one. The money of those that did not come is the customer's again at once.",
        ]

    def figures(self, given: dict[str, Any]) -> list[tuple[str, str]]:
        purchase, numbers = self.row, given["numbers"]
        if not self.fits():
            raise CantResolve(f"Purchase {purchase.pk} is {purchase.state}, not {states.UNCERTAIN}.")
        if not 1 <= len(numbers) <= purchase.quantity:
            raise CantResolve(f"Enter from 1 to {purchase.quantity} numbers.")
        return [
            ("Numbers", f"{len(numbers)} of {purchase.quantity}"),
            *((f"Order {order}", phone) for order, phone in numbers),
            ("Stays on hold", show(purchase.price * len(numbers))),
            ("Back to the customer", show(purchase.price * (purchase.quantity - len(numbers)))),
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        purchase, numbers = self.row, given["numbers"]
        try:
            found(purchase_id=purchase.pk, numbers=numbers, operator=self.operator, reason=given["reason"], now=now)
        except IntegrityError:  # two purchases given one number in the same moment
            raise CantResolve("Another of our purchases has just got one of these numbers.") from None
        return Done(
            f"Purchase {purchase.pk} has {len(numbers)} numbers and listens to them. "
            f"{show(purchase.price * len(numbers))} stay on hold, "
            f"{show(purchase.price * (purchase.quantity - len(numbers)))} are available to the customer again."
        )


class SendAgain(PurchaseAct):
    """UNCERTAIN → PLACED."""

    path = "send-again"
    title = "It was not accepted: send again"
    button = "Send it again"
    permission = DECIDE
    icon = "replay"
    form = SendAgainForm

    def says(self) -> list[str]:
        return [
            f"The {show(self.row.total)} stay on hold, and the purchase goes out again at once.",
            "If the vendor has it after all, the numbers are bought twice: the customer pays once, and you pay the "
            "vendor twice.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        send_again(purchase_id=self.row.pk, operator=self.operator, reason=given["reason"], now=now)
        return Done(f"Purchase {self.row.pk} goes out again. {show(self.row.total)} stay on hold.")


class LetGo(PurchaseAct):
    """Held back → sent all the same."""

    path = "let-go"
    title = "Send all the same"
    button = "Send it below cost"
    permission = DECIDE
    icon = "send"

    def fits(self) -> bool:
        return _held(self.row)

    def facts(self) -> list[tuple[str, str]]:
        purchase = self.row
        cost = purchase.project.cost * purchase.quantity
        return [
            *super().facts(),
            ("Cost when it was placed", show(purchase.cost * purchase.quantity)),
            ("Cost now", show(cost)),
            ("Lost on it now", show(cost - purchase.total) if cost > purchase.total else NOTHING),
        ]

    def says(self) -> list[str]:
        return [
            f"The purchase goes out at once. The customer pays at most the {show(self.row.total)} on hold; the vendor "
            "charges you what it costs by then, even if that rises further.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        let_go(purchase_id=self.row.pk, operator=self.operator, reason=given["reason"], now=now)
        return Done(f"Purchase {self.row.pk} goes out. {show(self.row.total)} stay on hold.")


class SendNow(PurchaseAct):
    """A purchase that waits for its next try goes out at once."""

    path = "send-now"
    title = "Try again now"
    button = "Try it now"
    icon = "replay"

    def fits(self) -> bool:
        return self.row.state == states.PLACED and not _held(self.row)

    def facts(self) -> list[tuple[str, str]]:
        return [*super().facts(), ("Tries so far", str(self.row.tries)), ("Due", moment(self.row.not_before))]

    def says(self) -> list[str]:
        return [
            f"It was not accepted by the vendor so far, and goes out at once instead of when it is due. The "
            f"{show(self.row.total)} stay on hold.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        send_now(purchase_id=self.row.pk, operator=self.operator, reason=given["reason"], now=now)
        return Done(f"Purchase {self.row.pk} goes out. {show(self.row.total)} stay on hold.")


class GiveUp(PurchaseAct):
    """UNCERTAIN, or PLACED → REJECTED."""

    path = "give-up"
    title = "Give up: release the money"
    button = "Release the money"
    permission = DECIDE
    icon = "undo"
    variant = ActionVariant.DANGER

    def fits(self) -> bool:
        return self.row.state in (states.UNCERTAIN, states.PLACED)

    def says(self) -> list[str]:
        return [
            f"The {show(self.row.total)} on hold are the customer's again at once, and the purchase ends as rejected. "
            "This can't be undone.",
            "If the vendor gave numbers after all, nobody listens to them: you pay the vendor for what it charges.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        give_up(purchase_id=self.row.pk, operator=self.operator, reason=given["reason"], now=now)
        return Done(f"Purchase {self.row.pk} is given up. {show(self.row.total)} are available to the customer again.")


def _held(purchase: Purchase) -> bool:
    return purchase.state == states.PLACED and purchase.below_cost == BelowCost.HELD


PURCHASE_ACTS: list[type[PurchaseAct]] = [Found, SendAgain, LetGo, SendNow, GiveUp]


class PutBackOnSale(Act[Project]):
    """Sell a suspended project again."""

    path = "put-back"
    title = "Put back on sale"
    button = "Put it back on sale"
    icon = "storefront"
    permission = "sms.change_project"

    def fits(self) -> bool:
        return self.row.state == Project.State.SUSPENDED

    def facts(self) -> list[tuple[str, str]]:
        return [("Project", str(self.row)), ("Cost", show(self.row.cost)), ("Price", show(self.row.price))]

    def says(self) -> list[str]:
        return [
            "It was taken off sale because the vendor charged something else than its price list says. Find out why "
            "first.",
            "Customers can buy its numbers again at the price above. No money moves.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        if not resume(project_id=self.row.pk, now=now):
            return Done("It is not suspended any more: nothing was changed.", messages.WARNING, happened=False)
        return Done("The project is on sale again.")
