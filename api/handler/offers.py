"""`getBalance`, and what is on sale: `getPrices`, `getCountries`, `getServicesList`, `getNumbersStatus`."""

from decimal import ROUND_FLOOR, Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import translation

from api.access import Caller
from api.handler import codes
from api.handler.says import BAD_SERVICE, Says
from api.params import Params
from sms import buy
from sms.models import Country, Project
from sms.phones import country_name
from sms.terms import Terms
from wallet import ledger

CENT = Decimal("0.01")
# The vendor does not say how many there are: as many as one purchase takes, as everywhere in this API.
COUNT = buy.MOST
_LANGUAGES = {"rus": "ru", "eng": "en", "chn": "zh-hans"}


def balance(caller: Caller, params: Params) -> str:
    """What the customer can spend now, in whole cents: never more than there is."""
    available = ledger.account_of(caller.customer).available
    return f"ACCESS_BALANCE:{available.quantize(CENT, rounding=ROUND_FLOOR)}"


def service_code(params: Params) -> str:
    """The service that is asked for; `tg_0` is how some lists write `tg` without forwarding."""
    return params.text("service").lower().removesuffix("_0")


def prices(caller: Caller, params: Params) -> dict[str, dict[str, dict[str, Any]]]:
    """USD that a number costs, by country and service. Raises `Says` for a service that nobody knows."""
    codes.fill()
    service = service_code(params)
    if service and not codes.is_service(service):
        raise Says(BAD_SERVICE)
    table: dict[str, dict[str, dict[str, Any]]] = {}
    terms = Terms.of(caller.customer)
    fields = ("country__handler_code__number", "site__handler_code__code", "pk", "country_id", "cost", "price")
    for number, code, pk, country_id, vendors, price in _wanted(params, service).values_list(*fields):
        cost = terms.price_of(pk=pk, country_id=country_id, cost=vendors, price=price)
        offer = table.setdefault(str(number), {}).setdefault(code, {"cost": cost, "count": COUNT})
        # Several at different prices: the cheapest, as `getNumber` buys it.
        offer["cost"] = min(offer["cost"], cost)
    return table


def countries(caller: Caller, params: Params) -> dict[str, dict[str, Any]]:
    """The countries in which something is on sale, with their names."""
    codes.fill()
    sold = Country.objects.filter(pk__in=codes.offers().order_by().values("country_id"))
    found = list(sold.select_related("handler_code").order_by("handler_code__number"))
    names: dict[str, list[str]] = {}
    for field, language in _LANGUAGES.items():
        with translation.override(language):
            names[field] = [country_name(country.region, country.name) for country in found]
    return {
        str(position): {
            "id": country.handler_code.number,
            **{field: names[field][position] for field in names},
            "visible": 1,
            "retry": 1,
            "rent": 0,
            "multiService": 0,
        }
        for position, country in enumerate(found)
    }


def services(caller: Caller, params: Params) -> dict[str, Any]:
    """The services on sale, everywhere or in a country."""
    codes.fill()
    fields = ("site__handler_code__code", "site__name")
    sold = _wanted(params).order_by("site__name", "site_id").values_list(*fields).distinct()
    return {"status": "success", "services": [{"code": code, "name": name} for code, name in sold]}


def numbers_status(caller: Caller, params: Params) -> dict[str, int]:
    """How many numbers can be had of each service, everywhere or in a country."""
    codes.fill()
    sold = _wanted(params).order_by("site__handler_code__code").values_list("site__handler_code__code", flat=True)
    return {f"{code}_0": COUNT for code in sold.distinct()}


def _wanted(params: Params, service: str = "") -> QuerySet[Project]:
    """What is on sale in the country that is asked for, or everywhere; nothing in one that nobody knows."""
    if not params.text("country"):
        return codes.offers(service=service)
    country = params.number("country")
    return Project.objects.none() if country is None else codes.offers(service=service, country=country)
