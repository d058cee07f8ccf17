"""The books in the admin: each day's figures, the profit report, the month's end, and files to take away."""

import logging
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import display

from books import month, profit
from books.days import day_of, zone_name
from books.exports import TABLES
from books.forms import ExportForm, ProfitForm, this_month
from books.models import Day, Progress
from core import record
from core.admin_base import ReadOnlyAdmin, count_column, moment, unbroken, usd_column
from core.admin_lists import MOST
from core.models import StaffAct
from core.money import plain
from core.sheets import csv_response
from core.workbook import MOST_ROWS, xlsx_response

log = logging.getLogger(__name__)

PER_PAGE = 50
PROFIT_HEADER = ("Sold", "Sales", "Refunds", "Revenue", "Cost", "Margin", "Of the revenue")
PROFIT_SORTS = ("sold", "sales", "refunds", "revenue", "cost", "margin", "")


@admin.register(Day)
class DayAdmin(ReadOnlyAdmin):
    """Each day's figures; the reports stand beside them."""

    list_display = ("name", "placed_count", "sold_count", "sales_usd", "refunds_usd", "cost_usd", "margin_usd", "came")
    list_display_links = None
    sortable_by = ("name",)
    ordering = ("-day",)
    date_hierarchy = None

    placed_count = count_column("placed", "Placed")
    sold_count = count_column("sold", "Sold")
    sales_usd = usd_column("sales", "Sales")
    refunds_usd = usd_column("refunds", "Refunds")
    cost_usd = usd_column("cost", "Cost")
    margin_usd = usd_column("margin", "Margin")
    came = usd_column("deposits", "Deposits")

    @display(description="Day", ordering="day")
    def name(self, day: Day) -> str:
        return unbroken(f"{day.day:%Y-%m-%d}")

    def has_view_permission(self, request: HttpRequest, obj: Day | None = None) -> bool:
        # A day's page would say no more than its line.
        return obj is None and bool(request.user.has_perm("books.view_day"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("profit/", view(self.profit_view), name="books_profit"),
            path("month/", view(self.month_view), name="books_month"),
            path("files/", view(self.files_view), name="books_files"),
            *super().get_urls(),
        ]

    # ── Profit ─────────────────────────────────────────────────────────────────────────────────────
    def profit_view(self, request: HttpRequest) -> HttpResponseBase:
        """What was earned, by what was asked for; `format` makes a file of it."""
        self._may(request)
        since, until = this_month()
        given = request.GET.copy()
        for name, default in (("since", f"{since}"), ("until", f"{until}"), ("by", "day")):
            if name not in given:
                given[name] = default
        form = ProfitForm(given)
        page: dict[str, Any] = {"form": form}
        if form.is_valid():
            known = {*profit.SORTS, *(f"-{name}" for name in profit.SORTS), "-"}
            sort = given.get("sort", "")
            sort = sort if sort in known else "-" if given["by"] == "day" else "-margin"
            question = form.question(sort)
            if (wanted := str(given.get("format", ""))) in ("csv", "xlsx"):
                name = f"profit-by-{question.by}-{question.since}-{question.until}"
                header = [profit.GROUPS[question.by].title, *PROFIT_HEADER[:-1]]
                rows = (_profit_cells(line) for line in [*profit.all_lines(question), profit.total(question)])
                return _taken(request, name, wanted, header, rows)
            page |= _profit_page(request, question)
        return self._page(request, "admin/books/profit.html", "Profit", **page)

    # ── The month's end ────────────────────────────────────────────────────────────────────────────
    def month_view(self, request: HttpRequest) -> HttpResponseBase:
        """A month's summary; `format` makes a file of it."""
        self._may(request)
        now = timezone.now()
        today = day_of(now).replace(day=1)
        try:
            first = date.fromisoformat(f"{request.GET.get('month', f'{today:%Y-%m}')}-01")
        except ValueError:
            return redirect(reverse("admin:books_month"))
        progress = _progress()
        if progress is None or first > today or first.year < 2000:
            empty = "Nothing has been counted yet: a worker does it each minute." if progress is None else ""
            return self._page(request, "admin/books/month.html", "Month’s end", empty=empty or "That is yet to come.")
        summary = month.summary(first, counted_at=progress.counted_at or progress.marked_at, now=now)
        if request.GET.get("format") in ("csv", "xlsx"):
            rows = ((part, row.what, row.amount, row.note) for part, row in summary)
            header = ["Part", "What", "USD", "Note"]
            return _taken(request, f"month-{first:%Y-%m}", request.GET["format"], header, rows)
        return self._page(
            request,
            "admin/books/month.html",
            f"Month’s end {first:%Y-%m}",
            summary=summary,
            month=f"{first:%Y-%m}",
            before=f"{month.month_before(first):%Y-%m}",
            after=f"{month.next_month(first):%Y-%m}" if month.next_month(first) <= today else "",
        )

    # ── Files ──────────────────────────────────────────────────────────────────────────────────────
    def files_view(self, request: HttpRequest) -> HttpResponseBase:
        """Tables to take away, for those who may see them in the admin."""
        self._may(request)
        since, until = this_month()
        if "what" not in request.GET:
            form = ExportForm(initial={"since": since, "until": until}, person=request.user)
            return self._page(request, "admin/books/files.html", "Files for the books", form=form)
        form = ExportForm(request.GET, person=request.user)
        if form.is_valid():
            given = form.cleaned_data
            table = TABLES[given["what"]]
            rows = table.chosen(given["since"], given["until"])
            if given["form"] == "xlsx" and rows.values("pk")[MOST_ROWS : MOST_ROWS + 1].exists():
                form.add_error("form", f"These are more than {MOST_ROWS:,} rows: take CSV, or fewer days.")
            else:
                name = f"{given['what']}-{given['since']}-{given['until']}"
                return _taken(request, name, given["form"], table.header, table.lines(rows))
        return self._page(request, "admin/books/files.html", "Files for the books", form=form)

    # ── What the pages share ───────────────────────────────────────────────────────────────────────
    def _may(self, request: HttpRequest) -> None:
        if not request.user.has_perm("books.view_day"):
            raise PermissionDenied

    def _page(self, request: HttpRequest, template: str, title: str, **page: Any) -> HttpResponse:
        progress = _progress()
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "zone": zone_name(),
            "counted": moment(progress.counted_at) if progress else "",
            **page,
        }
        return TemplateResponse(request, template, context)


def _progress() -> Progress | None:
    return Progress.objects.filter(pk=1).first()


def _profit_page(request: HttpRequest, question: profit.Question) -> dict[str, Any]:
    asked = request.GET.get("page", "1")
    number = min(max(int(asked), 1), MOST // PER_PAGE) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1
    start = (number - 1) * PER_PAGE
    # One more than is shown says that there are more: counting groups takes as long as adding them up.
    rows = list(profit.groups(question)[start : start + PER_PAGE + 1])
    here = request.GET.copy()
    here.pop("page", None)

    def link(**changed: str) -> str:
        query = here.copy()
        for name, value in changed.items():
            query[name] = value
        return f"?{query.urlencode()}"

    headers = []
    for title, name in zip(PROFIT_HEADER, PROFIT_SORTS, strict=True):
        direction = {name: "ascending", f"-{name}": "descending"}.get(question.sort, "") if name else ""
        sort = name if direction == "descending" else f"-{name}"
        headers.append({"title": title, "link": link(sort=sort) if name else "", "direction": direction})
    return {
        "group": profit.GROUPS[question.by].title,
        "headers": headers,
        "lines": profit.lines(question, rows[:PER_PAGE]),
        "total": profit.total(question),
        "number": number,
        "before": link(page=str(number - 1)) if number > 1 else "",
        "after": link(page=str(number + 1)) if len(rows) > PER_PAGE else "",
        "csv": link(format="csv"),
        "xlsx": link(format="xlsx"),
        "only_numbers": question.by == "country",
    }


def _profit_cells(line: profit.Line) -> list[object]:
    return [line.what, line.sold, line.sales, line.refunds, line.revenue, line.cost, line.margin]


def _taken(
    request: HttpRequest, name: str, form: str, header: Sequence[object], rows: Iterable[Sequence[object]]
) -> HttpResponseBase:
    """A download, which is recorded; amounts are exact in both forms."""
    log.info("operator %s takes the file %s", request.user.pk, name)
    record.note(kind=StaffAct.Kind.ACT, said=f"Took the file “{name}”.", request=request)
    if form == "xlsx":
        return xlsx_response(f"{name}.xlsx", header, rows)
    texts = ([plain(value) if isinstance(value, Decimal) else value for value in row] for row in rows)
    return csv_response(f"{name}.csv", header, texts)
