"""Plans in the admin: to be read, and to be paused, continued or stopped."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.enums import ActionVariant

from core.admin_acts import Act, ActsAdmin, Done
from core.admin_base import (
    ReadOnlyAdmin,
    list_link,
    moment_column,
    number_column,
    page_link,
    pill,
    text_column,
    usd,
    usd_column,
)
from core.money import show
from orders.models import Plan
from orders.plans import pause, stop

_COLOURS = {
    Plan.State.ACTIVE: "primary",
    Plan.State.PAUSED: "warning",
    Plan.State.DONE: "success",
    Plan.State.STOPPED: "",
}


class PlanAct(Act[Plan]):
    """An act on an open plan."""

    permission = "orders.change_plan"
    refusals = (stop.CantChange,)

    def facts(self) -> list[tuple[str, str]]:
        plan = self.row
        return [
            ("Customer", str(plan.customer)),
            ("Service", plan.service_name),
            ("Runs", f"{plan.placed:,} of {plan.runs:,} placed, {plan.quantity:,} each"),
            ("On hold for the rest", show(plan.charge * plan.left)),
        ]


class Pause(PlanAct):
    """ACTIVE → PAUSED."""

    path = "pause"
    title = "Pause it"
    button = "Pause it"
    icon = "pause_circle"

    def fits(self) -> bool:
        return self.row.state == Plan.State.ACTIVE

    def says(self) -> list[str]:
        return ["No run is placed until somebody lets it go on. Its money stays on hold."]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        pause.pause(plan_id=self.row.pk, now=now)
        return Done(f"Plan {self.row.pk} is paused. Its money stays on hold.")


class GoOn(PlanAct):
    """PAUSED → ACTIVE."""

    path = "go-on"
    title = "Let it go on"
    button = "Let it go on"
    icon = "play_circle"
    variant = ActionVariant.SUCCESS

    def fits(self) -> bool:
        return self.row.state == Plan.State.PAUSED

    def says(self) -> list[str]:
        return ["The next run is placed when it is due, or at once."]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        pause.go_on(plan_id=self.row.pk, now=now)
        return Done(f"Plan {self.row.pk} goes on. Its money stays on hold until its runs are placed.")


class Stop(PlanAct):
    """ACTIVE or PAUSED → STOPPED."""

    path = "stop"
    title = "Stop it"
    button = "Stop it"
    icon = "stop_circle"
    variant = ActionVariant.DANGER

    def fits(self) -> bool:
        return self.row.is_open

    def says(self) -> list[str]:
        return [
            f"The {show(self.row.charge * self.row.left)} of runs that were not placed go back to the customer's "
            "available balance. Orders that were placed go their way."
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        plan = stop.stop(plan_id=self.row.pk, reason=Plan.Reason.BY_OPERATOR, now=now)
        return Done(f"Plan {plan.pk} is stopped: {show(plan.charge * plan.left)} are the customer's again.")


@admin.register(Plan)
class PlanAdmin(ReadOnlyAdmin, ActsAdmin):
    acts = (Pause, GoOn, Stop)
    list_display = (
        "number",
        "label",
        "customer_page",
        "service_text",
        "progress",
        "charge_usd",
        "next_run",
        "made",
    )
    list_filter = ("state",)
    list_select_related = ("customer", "hold", "service")
    search_fields = ("customer__email", "link")
    search_numbers = ("pk",)
    search_help_text = "Number, e-mail address or link"
    fieldsets = (
        (
            None,
            {"fields": ("label", "reason_text", "customer_page", "service_page", "link", "progress", "orders_page")},
        ),
        ("Money", {"fields": ("price_usd", "charge_usd", "on_hold")}),
        ("Time", {"fields": ("interval", "next_run", "waits", "made", "finished")}),
    )
    readonly_fields = fieldsets[0][1]["fields"] + fieldsets[1][1]["fields"] + fieldsets[2][1]["fields"]

    number = number_column()
    service_text = text_column("service_name", "Service")
    price_usd = usd_column("price", "Price of a rate unit")
    charge_usd = usd_column("charge", "Charge of one run")
    next_run = moment_column("next_run_at", "Next run", exact=True)
    waits = moment_column("waits_since", "Could not be placed since", exact=True)
    made = moment_column("made_at", "Made")
    finished = moment_column("finished_at", "Ended")

    @display(description="State", ordering="state")
    def label(self, plan: Plan) -> SafeString:
        return pill(plan.get_state_display(), _COLOURS[Plan.State(plan.state)])

    @display(description="Reason")
    def reason_text(self, plan: Plan) -> str:
        return str(plan.get_reason_display() or "–")

    @display(description="Customer", ordering="customer__email")
    def customer_page(self, plan: Plan) -> SafeString:
        return page_link("accounts_user_change", plan.customer_id, plan.customer)

    @display(description="Service")
    def service_page(self, plan: Plan) -> SafeString:
        return page_link("catalog_service_change", plan.service_id, plan.service_name)

    @display(description="Runs")
    def progress(self, plan: Plan) -> str:
        return f"{plan.placed:,} of {plan.runs:,} × {plan.quantity:,}"

    @display(description="Its orders")
    def orders_page(self, plan: Plan) -> SafeString:
        return list_link("orders_order_changelist", f"{plan.placed:,} orders", plan_id=plan.pk)

    @display(description="On hold for the rest")
    def on_hold(self, plan: Plan) -> str:
        return usd(plan.charge * plan.left if plan.is_open else None)
