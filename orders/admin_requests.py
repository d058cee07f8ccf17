"""What an operator can do with a customer's request for a refill or a cancel: close it, with the reason."""

from datetime import datetime
from typing import Any

from unfold.enums import ActionVariant

from core.admin_acts import Act, Done
from core.admin_base import moment
from core.money import show
from orders import decide
from orders.models import Request


class RequestAct(Act[Request]):
    """An act on an open request."""

    permission = "orders.change_request"
    refusals = (decide.CantDecide,)

    def fits(self) -> bool:
        return self.row.state == Request.State.OPEN

    def facts(self) -> list[tuple[str, str]]:
        order = self.row.order
        return [
            ("Asked for", self.row.get_kind_display()),
            ("Asked", moment(self.row.asked_at)),
            ("Order", f"{order.pk}, {order.get_state_display().lower()}"),
            ("Vendor's number", str(order.upstream_id or "–")),
            ("Customer", str(order.customer)),
            ("Service", order.service_name),
            ("Charge", show(order.charge)),
        ]


class MarkDone(RequestAct):
    """OPEN → DONE."""

    path = "done"
    title = "It is done"
    button = "Close it as done"
    icon = "check_circle"
    variant = ActionVariant.SUCCESS

    def says(self) -> list[str]:
        return [
            "The customer's program reads “Completed”. No money moves and the order stays as it is: what the vendor "
            "does comes by itself, and a refund is an act on the order.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        decide.done(request_id=self.row.pk, operator=self.operator, reason=given["reason"], now=now)
        return Done(f"Request {self.row.pk} is closed as done. No money moved.")


class Refuse(RequestAct):
    """OPEN → REFUSED."""

    path = "refuse"
    title = "Refuse it"
    button = "Refuse it"
    icon = "block"
    variant = ActionVariant.DANGER

    def says(self) -> list[str]:
        return ["The customer's program reads “Rejected”. No money moves and the order stays as it is."]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        decide.refuse(request_id=self.row.pk, operator=self.operator, reason=given["reason"], now=now)
        return Done(f"Request {self.row.pk} is refused. No money moved.")


ACTS = [MarkDone, Refuse]
