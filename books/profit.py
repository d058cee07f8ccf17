"""What was earned, by day, service, category, customer or country: sums of the counted days, exact to the micro."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import F, Model, Q, QuerySet, Sum

from accounts.models import User
from books.models import CustomerDay, Day, Earned, ItemDay
from catalog.models import Category, Service
from core.money import ZERO
from sms.models import Country, Project

# What a table may be sorted by; `key` is what it is grouped by, where that has an order.
SORTS = ("sold", "refunded", "sales", "refunds", "revenue", "cost", "margin")
NAMES_AT_ONCE = 1000


class Group(NamedTuple):
    """A way to group: its title, and the columns of `ItemDay` or `CustomerDay` that make a group."""

    title: str
    columns: Sequence[str]


GROUPS = {
    "day": Group("Day", ("day",)),
    "service": Group("Service", ("service_id", "project_id")),
    "category": Group("Category", ("service__category_id", "project_known")),
    "customer": Group("Customer", ("customer_id",)),
    "country": Group("Country", ("project__country_id",)),
}
# What can be told of a customer's day, which does not know what was bought.
OF_CUSTOMERS = ("day", "customer")


@dataclass(frozen=True)
class Question:
    """What a report is asked for. Days are the shop's own, both included; None leaves a filter out."""

    by: str
    since: date
    until: date
    kind: str = ""
    service: Service | None = None
    category: Category | None = None
    country: Country | None = None
    customer: User | None = None
    sort: str = ""


@dataclass(frozen=True)
class Line(Earned):
    """One line of a report: what it is of, the admin's page of it as (name, id), and its figures in USD."""

    what: str
    page: tuple[str, int] | None
    sold: int
    refunded: int
    sales: Decimal
    refunds: Decimal
    cost: Decimal

    @property
    def share(self) -> str:
        """The margin's share of the revenue; a dash where there was none."""
        return f"{self.margin / self.revenue:.1%}".replace("-", "−") if self.revenue > 0 else "–"

    @property
    def page_name(self) -> str:
        """What the admin's page is reversed by."""
        return f"admin:{self.page[0]}" if self.page else ""


_FIGURES = ("sold", "refunded", "sales", "refunds", "cost")
_SUMS = {f"n_{name}": Sum(name) for name in _FIGURES}


def total(question: Question) -> Line:
    """The sum of all lines."""
    if question.by == "customer" and question.customer is None:
        question = replace(question, by="day")  # what all customers paid is what the days brought
    sums = _rows(question).aggregate(**_SUMS)
    return _line(("Total", None), [sums[f"n_{name}"] for name in _FIGURES])


def groups(question: Question) -> QuerySet[Any, tuple[Any, ...]]:
    """The lines as tuples, in their order: slice it for a page and hand that to `lines`."""
    columns = GROUPS[question.by].columns
    rows = _rows(question)
    if "project_known" in columns:
        rows = rows.annotate(project_known=Q(project__isnull=False))
    name = question.sort.removeprefix("-")
    grouped = rows.values(*columns).annotate(**_SUMS)
    if name in ("revenue", "margin"):
        cost = F("n_cost") if name == "margin" else 0
        grouped = grouped.annotate(**{f"n_{name}": F("n_sales") - F("n_refunds") - cost})
    down = question.sort.startswith("-")
    first = f"n_{name}" if name in SORTS else columns[0]
    order = [F(first).desc(nulls_last=True) if down else F(first).asc(nulls_first=True), *columns]
    return grouped.order_by(*order).values_list(*columns, *_SUMS)


def lines(question: Question, rows: Sequence[tuple[Any, ...]]) -> list[Line]:
    """The groups with their names; a query for each kind of thing among them."""
    width = len(GROUPS[question.by].columns)
    named = _names(question.by, [row[:width] for row in rows])
    return [_line(named[row[:width]], row[width:]) for row in rows]


def all_lines(question: Question) -> Iterator[Line]:
    """Every line, for a file; a part of them at a time."""
    part = []
    for row in groups(question).iterator(chunk_size=NAMES_AT_ONCE):
        part.append(row)
        if len(part) == NAMES_AT_ONCE:
            yield from lines(question, part)
            part = []
    yield from lines(question, part)


def _line(named: "Named", values: Sequence[Any]) -> Line:
    sold, refunded, sales, refunds, cost = values
    what, page = named
    return Line(what, page, sold or 0, refunded or 0, sales or ZERO, refunds or ZERO, cost or ZERO)


def _rows(question: Question) -> QuerySet[Any]:
    model: type[Model] = ItemDay
    found = Q(day__gte=question.since, day__lte=question.until)
    if question.customer is not None:
        model, found = CustomerDay, found & Q(customer=question.customer)
    elif question.by == "customer":
        model = CustomerDay
    elif question.by == "day" and not _narrowed(question):
        model = Day
    if question.service is not None:
        found &= Q(service=question.service)
    if question.category is not None:
        found &= Q(service__category=question.category)
    if question.country is not None:
        found &= Q(project__country=question.country)
    elif question.kind == "numbers" or question.by == "country":
        found &= Q(project__isnull=False)
    elif question.kind:
        found &= Q(service__entity=question.kind)
    return model._default_manager.filter(found).order_by()


def _narrowed(question: Question) -> bool:
    return bool(question.kind or question.service or question.category or question.country)


# ── Names ──────────────────────────────────────────────────────────────────────────────────────────
Named = tuple[str, tuple[str, int] | None]


def _names(by: str, keys: Sequence[tuple[Any, ...]]) -> dict[tuple[Any, ...], Named]:
    match by:
        case "day":
            return {key: (f"{key[0]:%Y-%m-%d}", None) for key in keys}
        case "customer":
            people = User.objects.only("email").in_bulk([key[0] for key in keys])
            return {key: (str(people[key[0]]), ("accounts_user_change", key[0])) for key in keys}
        case "country":
            countries = Country.objects.in_bulk([key[0] for key in keys])
            return {key: (str(countries[key[0]]), ("sms_country_change", key[0])) for key in keys}
        case "category":
            categories = Category.objects.in_bulk([key[0] for key in keys if key[0]])
            return {key: _category(key, categories) for key in keys}
        case _:
            services = Service.objects.only("name").in_bulk([key[0] for key in keys if key[0]])
            wanted = Project.objects.select_related("site", "country")
            projects = wanted.in_bulk([key[1] for key in keys if key[1]])
            return {key: _service(key, services, projects) for key in keys}


def _category(key: tuple[Any, ...], categories: dict[int, Category]) -> Named:
    if key[0]:
        return str(categories[key[0]]), ("catalog_category_change", key[0])
    return ("Numbers" if key[1] else "Belongs to nothing"), None


def _service(key: tuple[Any, ...], services: dict[int, Service], projects: dict[int, Project]) -> Named:
    service, project = key
    if service:
        return str(services[service]), ("catalog_service_change", service)
    if project:
        return f"{projects[project].site}, {projects[project].country}", ("sms_project_change", project)
    return "Belongs to nothing", None
