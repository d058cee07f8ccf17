"""What an operator asks of the books: from when until when, and of what. Everything stands in the address."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.models import User
from books.days import day_of
from books.exports import TABLES
from books.profit import GROUPS, OF_CUSTOMERS, Question
from catalog.models import Category, Service
from core.admin_lists import LARGEST_ID
from sms.models import Country

KINDS = [("", "Everything"), ("SMM", "Social media"), ("PRODUCT", "Digital products"), ("numbers", "Numbers")]
FORMATS = [("csv", "CSV"), ("xlsx", "XLSX")]
# Days from the first to the last that a report adds up at most.
LONGEST = 3660
_DATE = {"type": "date"}


def _date(label: str) -> forms.DateField:
    return forms.DateField(label=label, widget=UnfoldAdminTextInputWidget(attrs=_DATE), input_formats=["%Y-%m-%d"])


def _number(label: str, hint: str) -> forms.IntegerField:
    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"})
    return forms.IntegerField(
        label=label, required=False, min_value=1, max_value=LARGEST_ID, widget=widget, help_text=hint
    )


def this_month() -> tuple[date, date]:
    """From the first of the month to today, by the shop's clock."""
    today = day_of(timezone.now())
    return today.replace(day=1), today


class Span(forms.Form):
    """From a day to a day, both included."""

    since = _date("From")
    until = _date("Until")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until:
            if until < since:
                self.add_error("until", "This is before the first day.")
            elif until - since > timedelta(days=LONGEST):
                self.add_error("until", "At most ten years at once.")
        return given


class ProfitForm(Span):
    """What a report adds up, and by what."""

    by = forms.ChoiceField(
        label="By", choices=[(name, group.title) for name, group in GROUPS.items()], widget=UnfoldAdminSelectWidget
    )
    kind = forms.ChoiceField(label="Of", choices=KINDS, required=False, widget=UnfoldAdminSelectWidget)
    service = _number("Service", "Its number.")
    category = forms.ModelChoiceField(
        Category.objects.all(), label="Category", required=False, empty_label="All", widget=UnfoldAdminSelectWidget
    )
    country = forms.ModelChoiceField(
        Country.objects.all(), label="Country", required=False, empty_label="All", widget=UnfoldAdminSelectWidget
    )
    customer = forms.CharField(
        label="Customer",
        required=False,
        max_length=254,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="E-mail address or number.",
    )

    def clean_service(self) -> Service | None:
        pk = self.cleaned_data["service"]
        service = Service.objects.filter(pk=pk).first() if pk else None
        if pk and service is None:
            raise forms.ValidationError("There is no such service.")
        return service

    def clean_customer(self) -> User | None:
        text = str(self.cleaned_data["customer"]).strip()
        if not text:
            return None
        people = User.objects.filter(email__iexact=text)
        if text.isascii() and text.isdigit() and int(text) <= LARGEST_ID:
            people = User.objects.filter(pk=int(text))
        person = people.first()
        if person is None:
            raise forms.ValidationError("There is no customer with this address or number.")
        return person

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        of_things = [name for name in ("service", "category", "country", "kind") if given.get(name)]
        customers = given.get("customer") or given.get("by") == "customer"
        if customers and of_things:
            self.add_error(of_things[0], "What a customer bought is only added up as a whole: leave this out.")
        if given.get("customer") and given.get("by") not in OF_CUSTOMERS:
            self.add_error("by", "One customer's figures are added up by day.")
        numbers = given.get("country") or given.get("kind") == "numbers" or given.get("by") == "country"
        if numbers and (given.get("service") or given.get("category") or given.get("kind") not in ("", "numbers")):
            self.add_error("country", "Only numbers have a country; services and categories don't.")
        return given

    def question(self, sort: str) -> Question:
        """What was asked, of a valid form."""
        given = {name: value for name, value in self.cleaned_data.items() if value is not None}
        return Question(sort=sort, **given)


class ExportForm(Span):
    """A table to take away."""

    what = forms.ChoiceField(label="What", widget=UnfoldAdminSelectWidget)
    form = forms.ChoiceField(label="As", choices=FORMATS, widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, person: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        what: Any = self.fields["what"]
        what.choices = [(name, table.title) for name, table in TABLES.items() if person.has_perm(table.permission)]
        self.order_fields(["what", "since", "until", "form"])
