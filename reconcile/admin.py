"""Findings in the admin, open ones first: figures to be read, and a close with a reason. And every run."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.decorators import display

from core.admin import AlertAdmin, OpenFilter
from core.admin_acts import Act, ActsAdmin, Done, Figures, ReasonForm
from core.admin_base import (
    NOTHING,
    AmountField,
    ReadOnlyAdmin,
    count_column,
    lines_column,
    moment_column,
    pill,
    text_column,
    took,
    usd,
    usd_column,
)
from core.money import show
from reconcile import matters
from reconcile.models import Finding, Run

_COLOURS = {"INFO": "info", "WARNING": "warning", "CRITICAL": "danger"}


class OpenFindings(OpenFilter):
    """Open findings unless something else is asked for."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("closed", "Closed"), ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "closed":
                return queryset.exclude(closed_at=None)
            case "all":
                return queryset
            case _:
                return queryset.filter(closed_at=None)


class _Closing(Act[Finding]):
    """What closing any finding has in common."""

    icon = "check"
    permission = "reconcile.change_finding"
    refusals = (matters.CantClose,)

    def facts(self) -> Figures:
        return [("Finding", self.row.subject), *self.row.figures.items()]


class Close(_Closing):
    """Close a finding."""

    path = "close"
    title = "Close it"
    button = "Close it"

    def fits(self) -> bool:
        return self.row.closed_at is None and self.row.kind not in Finding.OF_BALANCE

    def says(self) -> list[str]:
        return [
            "The finding leaves the list of open ones, with your reason. Nothing else changes, and no money moves.",
            "If it still stands after a day, or its figures change, it is found again.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        matters.close(finding_id=self.row.pk, operator=self.operator, reason=given["reason"], now=now)
        return Done("The finding is closed.")


class ExplainForm(ReasonForm):
    """How much of the drift is accounted for, and why."""

    explained = AmountField(
        label="Amount explained",
        help_text="In USD, such as what was topped up. What is left over will be found anew.",
    )
    field_order = ("explained", "reason")

    def clean_explained(self) -> Decimal:
        explained: Decimal = self.cleaned_data["explained"]
        if explained <= 0:
            raise ValidationError("Enter an amount above zero.")
        return explained


class Explain(_Closing):
    """Close a finding about the vendor's balance, with the amount that is accounted for."""

    path = "explain"
    title = "Explain and close it"
    button = "Close it"
    first_button = "Look at it"
    form = ExplainForm
    blamed = "explained"

    def fits(self) -> bool:
        return self.row.closed_at is None and self.row.kind in Finding.OF_BALANCE

    def says(self) -> list[str]:
        rising = self.row.kind == Finding.Kind.CREDIT
        return [
            "The next run reckons without the amount that you say is explained"
            + (": a top-up, a credit of the vendor's." if rising else ": a fee, a purchase made by hand, a write-off.")
            + " No money moves.",
            "Uncertain purchases explain their own part when they are resolved: leave that out."
            if not rising
            else "Enter what was really topped up: what it hides, should that be more, is found then.",
        ]

    def initial(self) -> dict[str, Any]:
        return {"explained": self.row.amount}

    def figures(self, given: dict[str, Any]) -> Figures | None:
        left = (self.row.amount or Decimal(0)) - given["explained"]
        return [
            ("Found", usd(self.row.amount)),
            ("Explained", show(given["explained"])),
            ("Left over", show(left)),
            ("Reason", given["reason"]),
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        amount: Decimal = given["explained"]
        matters.close(
            finding_id=self.row.pk,
            operator=self.operator,
            reason=given["reason"],
            explained=amount if self.row.kind == Finding.Kind.CREDIT else -amount,
            now=now,
        )
        return Done(f"{show(amount)} are explained, and the finding is closed.")


@admin.register(Finding)
class FindingAdmin(ReadOnlyAdmin, ActsAdmin):
    list_display = ("what", "level", "kind", "amount_usd", "page", "times", "last", "open")
    list_filter = (OpenFindings, "kind", "severity")
    search_fields = ("subject", "detail", "key")
    ordering = (F("closed_at").asc(nulls_first=True), "-last_at")
    fields = (
        "subject",
        "detail_text",
        "figures_text",
        ("level", "kind", "page", "key"),
        ("amount_usd", "times", "first", "last"),
        ("closed", "closed_by", "explained_usd"),
        "note_text",
    )
    readonly_fields = (
        *("detail_text", "figures_text", "level", "page", "amount_usd", "first", "last"),
        *("closed", "explained_usd", "note_text"),
    )
    list_select_related = ("closed_by",)
    acts = (Close, Explain)

    what = text_column("subject", "Subject", most=120)
    amount_usd = usd_column("amount", "At stake")
    explained_usd = usd_column("explained", "Explained")
    first = moment_column("first_at", "First")
    last = moment_column("last_at", "Last")
    closed = moment_column("closed_at", "Closed")
    detail_text = lines_column("detail", "Detail")
    note_text = lines_column("note", "Why it was closed")
    page = AlertAdmin.page

    @display(description="Severity", ordering="severity")
    def level(self, finding: Finding) -> SafeString:
        return pill(finding.get_severity_display().partition(":")[0], _COLOURS[finding.severity])

    @display(description="Open", boolean=True)
    def open(self, finding: Finding) -> bool:
        return finding.closed_at is None

    @display(description="Figures, money in USD")
    def figures_text(self, finding: Finding) -> str:
        if not finding.figures:
            return NOTHING
        return render_to_string("admin/act_pairs.html", {"pairs": list(finding.figures.items())})


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ("started", "took", "balance_usd", "drift_usd", "open_findings", "opened", "closed", "trouble")
    date_hierarchy = "started_at"
    ordering = ("-id",)
    fields = (
        ("started", "took"),
        ("balance_usd", "spent_usd", "explained_usd", "drift_usd"),
        ("open_findings", "opened", "closed"),
        "trouble",
    )
    readonly_fields = (
        *("started", "took", "balance_usd", "spent_usd", "explained_usd", "drift_usd"),
        *("open_findings", "trouble"),
    )

    started = moment_column("started_at", "Started")
    balance_usd = usd_column("balance", "Balance with the vendor")
    spent_usd = usd_column("spent", "Cost of all purchases")
    explained_usd = usd_column("explained", "Explained by operators")
    drift_usd = usd_column("drift", "Unexplained")
    open_findings = count_column("findings", "Open findings")

    @display(description="Took")
    def took(self, run: Run) -> str:
        return took(run.started_at, run.finished_at)

    @display(description="Trouble")
    def trouble(self, run: Run) -> str:
        said = [f"{name} broke" for name in run.broken] + [f"{name} skipped" for name in run.skipped]
        return ", ".join(said) or NOTHING
