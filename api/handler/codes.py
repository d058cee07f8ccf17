"""The protocol's codes for our sites and countries: given once and kept through syncs; an operator may change them."""

from itertools import count

from django.db.models import QuerySet

from api.handler import known
from api.handler.models import CountryCode, ServiceCode
from sms.buy import on_shelf
from sms.models import Country, Project, Site

# A country without a number of its own in the protocol gets one that no provider of it uses.
FIRST_OWN = 10_000


def fill() -> None:
    """Give a code to every site and country without one. Two small queries when there is none.

    Two requests that do so at once give the same codes; what they should disagree on is left to the next one.
    """
    if sites := list(Site.objects.filter(handler_code=None).order_by("pk")):
        codes = set(ServiceCode.objects.values_list("code", flat=True))
        services = [ServiceCode(site=site, code=_code(site, codes)) for site in sites]
        ServiceCode.objects.bulk_create(services, ignore_conflicts=True, batch_size=500)
    if countries := list(Country.objects.filter(handler_code=None).order_by("pk")):
        numbers = set(CountryCode.objects.values_list("number", flat=True))
        rows = [CountryCode(country=country, number=_number(country, numbers)) for country in countries]
        CountryCode.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)


def _code(site: Site, taken: set[str]) -> str:
    """The protocol's own code where the name is plain and nobody has it yet, else `s` and a number. Takes it."""
    code = known.service(site.folded)
    if not code or code in taken:
        code = next(own for number in count(site.pk) if (own := f"s{number}") not in taken)
    taken.add(code)
    return code


def _number(country: Country, taken: set[int]) -> int:
    number = known.COUNTRIES.get(country.region)
    if number is None or number in taken:
        number = next(own for own in count(FIRST_OWN + country.pk) if own not in taken)
    taken.add(number)
    return number


def offers(*, service: str = "", country: int | None = None) -> QuerySet[Project]:
    """What is on sale and has codes, of a service and in a country if they are named; the cheapest first."""
    shelf = on_shelf().filter(site__handler_code__isnull=False, country__handler_code__isnull=False)
    if service:
        shelf = shelf.filter(site__handler_code__code=service)
    if country is not None:
        shelf = shelf.filter(country__handler_code__number=country)
    return shelf.order_by("price", "pk")


def is_service(code: str) -> bool:
    """Whether any site of ours has this code, on sale or not."""
    return ServiceCode.objects.filter(code=code).exists()
