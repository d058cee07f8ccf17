"""What a customer can choose from: sites, the countries of a site with their prices, own numbers to use again."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import phonenumbers
from django.db.models import Count, Min, QuerySet

from accounts.models import User
from catalog.search import fold
from core.money import CHARGE_STEP, round_up
from sms import states
from sms.buy import on_shelf
from sms.models import Country, Favourite, Number, Project, Purchase, Site
from sms.phones import country_name
from sms.terms import Terms

MOST_WORDS = 8
SITE_SORTS = {
    "name": ["name", "pk"],
    "price": ["lowest", "name", "pk"],
    "countries": ["-countries", "name", "pk"],
}
# Countries are few and their names depend on the reader's language, so they are sorted here.
_COUNTRY_SORTS: dict[str, Callable[[Project, Terms], Any]] = {
    "price": lambda project, terms: (terms.price(project), _name(project.country)),
    "name": lambda project, terms: _name(project.country),
    "delivery": lambda project, terms: (
        -(project.delivery_rate or -1),
        project.median_seconds or 0,
        terms.price(project),
    ),
}
COUNTRY_SORTS = list(_COUNTRY_SORTS)
_GENERAL = Terms()


def sites(words: str = "", sort: str = "name") -> QuerySet[Site]:
    """Sites on the shelf with the lowest price in USD (`lowest`) and how many countries (`countries`)."""
    shelf = on_shelf()
    found = Site.objects.filter(hidden=False, projects__in=shelf)
    for word in _words(words):
        found = found.filter(folded__contains=word)
    counted = found.annotate(lowest=Min("projects__price"), countries=Count("projects"))
    return counted.order_by(*SITE_SORTS.get(sort, SITE_SORTS["name"]))


def price_anew(shown: Iterable[Any], terms: Terms) -> None:
    """Make `lowest` of sites found by `sites` what a number is charged on these terms.

    One query for all of them where the customer has prices of their own, else none.
    """
    by_pk = {site.pk: site for site in shown}
    for site in by_pk.values():
        site.lowest = round_up(site.lowest, CHARGE_STEP)
    if terms.are_general:
        return
    lowest: dict[int, Decimal] = {}
    rows = on_shelf().filter(site__in=list(by_pk)).order_by()
    for pk, site_id, country_id, cost, price in rows.values_list("pk", "site_id", "country_id", "cost", "price"):
        charged = terms.price_of(pk=pk, country_id=country_id, cost=cost, price=price)
        lowest[site_id] = min(lowest.get(site_id, charged), charged)
    for site_id, amount in lowest.items():
        by_pk[site_id].lowest = amount


def projects_of(site_id: int, words: str = "", sort: str = "price", *, terms: Terms = _GENERAL) -> list[Project]:
    """The countries of a site, found by their names in the reader's language or the vendor's, or by their codes."""
    wanted = _words(words)
    projects = on_shelf().filter(site_id=site_id).select_related("country", "site")
    found = [project for project in projects if _fits(project.country, wanted)]
    order = _COUNTRY_SORTS.get(sort, _COUNTRY_SORTS["price"])
    return sorted(found, key=lambda project: order(project, terms))


def regions_named(word: str) -> list[str]:
    """Regions whose name in the reader's language has the word in it."""
    folded = fold(word)
    return [region for region in phonenumbers.SUPPORTED_REGIONS if folded in fold(country_name(region, ""))]


def favourites(customer: User) -> QuerySet[Project]:
    """What the customer keeps at hand."""
    kept = Favourite.objects.filter(customer=customer).values("project_id")
    return on_shelf().filter(pk__in=kept).select_related("country", "site").order_by("site__name", "price")


def kept(customer: User, site_id: int) -> set[int]:
    """Ids of the favourites among the countries of a site."""
    own = Favourite.objects.filter(customer=customer, project__site_id=site_id)
    return set(own.values_list("project_id", flat=True))


def recent(customer: User, *, most: int = 6) -> list[Project]:
    """What the customer bought last, each once."""
    bought = Purchase.objects.filter(customer=customer).order_by("-pk").values_list("project_id", flat=True)[:100]
    ids = list(dict.fromkeys(bought))[:most]
    found = on_shelf().filter(pk__in=ids).select_related("country", "site").in_bulk()
    return [found[pk] for pk in ids if pk in found]


def own_numbers(customer: User, country_id: int, *, most: int = 20) -> list[Number]:
    """The customer's numbers in a country that are done and could be used again, the newest first, each once."""
    done = Number.objects.filter(purchase__customer=customer, purchase__project__country_id=country_id).exclude(
        state__in=[*states.LIVE, states.CANCELED]
    )
    done = done.select_related("purchase__project__country")  # whose region says how a phone is written
    newest = {number.phone: number for number in reversed(done.order_by("-pk")[:200])}
    return sorted(newest.values(), key=lambda number: -number.pk)[:most]


def toggle_favourite(*, customer: User, project_id: int) -> bool:
    """Keep the project at hand, or no longer; returns whether it is kept now."""
    gone, _ = Favourite.objects.filter(customer=customer, project_id=project_id).delete()
    if gone:
        return False
    Favourite.objects.get_or_create(customer=customer, project_id=project_id)
    return True


def _words(text: str) -> list[str]:
    return fold(text).split()[:MOST_WORDS]


def _name(country: Country) -> str:
    return fold(country_name(country.region, country.name))


def _fits(country: Country, words: list[str]) -> bool:
    """Whether every word is part of one of the country's names, or is its code."""
    names = f"{_name(country)} {fold(country.name)}"
    codes = {fold(country.code), fold(country.region), fold(f"+{_dial_code(country)}")}
    return all(word in names or word in codes for word in words)


def _dial_code(country: Country) -> str:
    return str(phonenumbers.country_code_for_region(country.region) or "") if country.region else ""
