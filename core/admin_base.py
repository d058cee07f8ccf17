"""What every page of the admin shares: how lists search, how money is typed and shown, what can't be changed."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib.admin import ShowFacets
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Field, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from core import money, record
from core.admin_lists import LARGEST_ID as LARGEST_ID
from core.admin_lists import CappedPaginator, Way, by_numbers, search
from core.models import StaffAct

NOTHING = "–"


class AmountField(forms.DecimalField):
    """An amount in USD as a person types it, read by the one door from text to money."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        if isinstance(value, Decimal):
            return value
        try:
            return money.parse(str(value))
        except money.BadAmount as error:
            raise ValidationError(str(error), code="invalid") from None

    def prepare_value(self, value: Any) -> Any:
        return money.plain(value) if isinstance(value, Decimal) else value


class ShopAdmin(ModelAdmin):
    """Lists that stay quick on large tables, and saves that write only what the form changed."""

    paginator: type = CappedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # counts of every filter are as many walks through the table
    list_per_page = 50
    compressed_fields = False
    list_fullwidth = True
    warn_unsaved_form = True
    # Whole numbers in the search box are also looked up here, exactly.
    search_numbers: ClassVar[Sequence[str]] = ("pk",)
    # Where a table is large: what else a search may mean, each way with an index. `search_fields` then only say that
    # there is a search.
    search_ways: ClassVar[Sequence[Way]] = ()
    # The moment by which a `DaysFilter` narrows the list: narrowed, it is in the order of that moment, whose index then
    # serves both; in the order of numbers the database may walk through all that is newer.
    days: ClassVar[str] = ""
    formfield_overrides: Mapping[type["Field[Any, Any]"], Mapping[str, Any]] = {
        money.MoneyField: {
            "form_class": AmountField,
            "widget": UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        }
    }

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        numbers = by_numbers(*self.search_numbers)
        if self.search_ways:
            return (search(queryset, text, [numbers, *self.search_ways]) if text else queryset), False
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        exact = numbers(text)
        if exact is not None:
            found |= queryset.filter(exact)
        return found, may_have_duplicates

    def get_ordering(self, request: HttpRequest) -> Sequence[Any]:
        if self.days and any(request.GET.get(f"{self.days}_{end}") for end in ("from", "to")):
            return (f"-{self.days}", "-pk")
        ordering: Sequence[Any] = super().get_ordering(request)
        return ordering

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        # The other columns may have changed since this row was read: workers write them.
        columns = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=[name for name in form.changed_data if name in columns])

    # ── The record of what staff did: beside Django's own history, which can be changed ──
    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        request.changes = record.changes_in(form, formsets)  # type: ignore[attr-defined]
        return super().construct_change_message(request, form, formsets, add)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._record(request, StaffAct.Kind.ADDED, obj, message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        # Django's own list of changes, or a sentence about an act.
        kind = StaffAct.Kind.ACT if isinstance(message, str) else StaffAct.Kind.CHANGED
        self._record(request, kind, obj, message)
        return super().log_change(request, obj, message)

    def log_act(self, request: HttpRequest, obj: Any, said: str, *, reason: str) -> None:
        """An entry about an act that had a reason."""
        self._record(request, StaffAct.Kind.ACT, obj, said, reason)
        super().log_change(request, obj, f"{said} Reason: {reason}" if reason else said)

    def log_changes(self, request: HttpRequest, rows: Sequence[Any], message: str) -> None:
        """The same act on many rows, in few statements."""
        record.note_many(kind=StaffAct.Kind.ACT, said=message, rows=rows, request=request)
        LogEntry.objects.log_actions(str(request.user.pk), rows, CHANGE, change_message=message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        record.note_many(kind=StaffAct.Kind.DELETED, said="Deleted.", rows=queryset, request=request)
        return super().log_deletions(request, queryset)

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        if request.POST.get("action") != "delete_selected":
            return super().response_action(request, queryset)
        # The record is written before the rows go: both or neither.
        with transaction.atomic():
            return super().response_action(request, queryset)

    def _record(self, request: HttpRequest, kind: StaffAct.Kind, row: Any, message: Any, reason: str = "") -> None:
        if not isinstance(message, str):
            message = LogEntry(change_message=json.dumps(message)).get_change_message()
        changes = request.__dict__.pop("changes", {})
        record.note(kind=kind, said=message, row=row, reason=reason, changes=changes, request=request)


class ReadOnlyAdmin(ShopAdmin):
    """Rows that nobody adds, changes or deletes by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


# ── Values as text ─────────────────────────────────────────────────────────────────────────────────


def usd(amount: Decimal | None) -> str:
    """`$1,234.50`, or a dash for nothing."""
    return NOTHING if amount is None else money.show(amount)


def moment(at: datetime | None) -> str:
    """`2030-01-31 09:05:59` in the reader's zone; a dash for nothing."""
    return NOTHING if at is None else f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"


def unbroken(text: object) -> SafeString:
    """The text on one line."""
    return format_html('<span class="whitespace-nowrap">{}</span>', text)


def pill(text: object, colour: str) -> SafeString:
    """A label: `info`, `success`, `warning`, `danger`, `primary`, or nothing for grey."""
    return render_to_string("unfold/helpers/label.html", {"text": text, "type": colour})


def took(started: datetime, finished: datetime | None) -> str:
    """`2.61 s`, a dash while it is under way."""
    return NOTHING if finished is None else f"{(finished - started).total_seconds():.2f} s"


def per_unit(amount: Decimal, unit: int) -> str:
    """`$1.20 per 1,000`, `$0.35 each`: `amount` in USD for `unit` pieces."""
    return f"{money.show(amount)} each" if unit == 1 else f"{money.show(amount)} per {unit:,}"


def margin(cost: Decimal, price: Decimal) -> str:
    """`$0.20 (16.7%)`: what is left of `price`, in USD and as its share of the price."""
    left = price - cost
    return f"{money.show(left)} ({left / price:.1%})" if price else money.show(left)


def page_link(name: str, pk: Any, text: object) -> SafeString:
    """A link to the admin's page `name` (`orders_order_change`) of the row `pk`."""
    return format_html('<a href="{}" class="text-link">{}</a>', reverse(f"admin:{name}", args=[pk]), text)


def list_link(name: str, text: object, **filters: str | int) -> SafeString:
    """A link to the admin's list `name` (`orders_order_changelist`), filtered."""
    return format_html('<a href="{}?{}" class="text-link">{}</a>', reverse(f"admin:{name}"), urlencode(filters), text)


# ── Columns and read-only fields ───────────────────────────────────────────────────────────────────
Column = Callable[[Any, Any], Any]


def number_column(title: str = "Number") -> Column:
    """The row's id."""

    @display(description=title, ordering="pk")
    def column(self: Any, row: Any) -> Any:
        return row.pk

    return column


def usd_column(field: str, title: str) -> Column:
    """An amount of the row."""

    @display(description=title, ordering=field)
    def column(self: Any, row: Any) -> str:
        return usd(getattr(row, field))

    return column


def moment_column(field: str, title: str, *, exact: bool = False) -> Column:
    """A time of the row, to the minute or, where it is `exact`, to the second."""

    @display(description=title, ordering=field)
    def column(self: Any, row: Any) -> SafeString:
        text = moment(getattr(row, field))
        return unbroken(text if exact or text == NOTHING else text[:-3])

    return column


def count_column(field: str, title: str) -> Column:
    """A whole number of the row, with thousands set apart."""

    @display(description=title, ordering=field)
    def column(self: Any, row: Any) -> str:
        count = getattr(row, field)
        return NOTHING if count is None else f"{count:,}"

    return column


def lines_column(field: str, title: str) -> Column:
    """A text of the row in full, with its line breaks."""

    @display(description=title)
    def column(self: Any, row: Any) -> str:
        return getattr(row, field) or NOTHING

    return column


def text_column(field: str, title: str, *, most: int = 70) -> Column:
    """A text of the row, cut after `most` characters and given room to breathe."""

    @display(description=title)
    def column(self: Any, row: Any) -> SafeString:
        return format_html('<span class="block min-w-52">{}</span>', Truncator(getattr(row, field)).chars(most))

    return column
