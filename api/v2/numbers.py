"""`sms_projects`, `sms_countries`, `add_sms`, `sms_code` and `sms_status`."""

import logging
from datetime import UTC
from typing import Any

from api import buying, once, waiting, words
from api.access import Caller
from api.params import Params
from api.refusals import Refusal, Unknown
from api.v2.errors import NO_FUNDS, NO_ORDER_NAMED, NO_PROJECT_NAMED, NO_SUCH_ORDER, NO_SUCH_PROJECT
from core.money import CURRENCY
from orders.models import Order
from sms import buy, states
from sms.models import Message, Number, Project, Purchase
from sms.terms import Terms
from sms.withdraw import withdraw
from wallet import ledger

log = logging.getLogger(__name__)

STILL_BUYING = (
    "The numbers are still being bought. Repeat this with the same Idempotency-Key to get them; without a code they "
    "cost nothing"
)
NONE_IN_TIME = "No number could be had in time, and nothing is charged. Try again in a moment"


# ── What is on sale ────────────────────────────────────────────────────────────────────────────────
def projects(caller: Caller, params: Params) -> list[dict[str, Any]]:
    """Every service in every country, or in the country with the code that is asked for."""
    country = params.text("country")
    shelf = buy.on_shelf().filter(country__code=country) if country else buy.on_shelf()
    terms = Terms.of(caller.customer)
    fields = ("pk", "site__name", "country__code", "country__name", "country_id", "cost", "price")
    return [
        {
            "project_id": str(pk),
            "name": name,
            "price": f"{terms.price_of(pk=pk, country_id=country_id, cost=cost, price=price):.4f}",
            "country_id": code,
            "country_title": title,
        }
        for pk, name, code, title, country_id, cost, price in shelf.order_by("pk").values_list(*fields)
    ]


def countries(caller: Caller, params: Params) -> list[dict[str, Any]]:
    """The countries in which something is on sale."""
    found = buy.on_shelf().order_by("country__name").values_list("country__code", "country__name").distinct()
    return [{"country_code": code, "country_name": name} for code, name in found]


# ── Buying ─────────────────────────────────────────────────────────────────────────────────────────
def add(caller: Caller, params: Params) -> dict[str, Any]:
    """Buy numbers, and wait until they are there."""
    project_id, quantity = _wish(params)
    given = once.wanted_key(caller, params)
    with waiting.place():
        purchase = _bought(caller, params, project_id, quantity, given)
        with once.after():
            return _told(caller, purchase, given)


def _told(caller: Caller, purchase: Purchase, given: str) -> dict[str, Any]:
    """Wait for the numbers of a purchase and name them. Raises `Refusal`, `Unknown`."""
    purchase = waiting.settled(purchase)
    if waiting.is_under_way(purchase):
        # Without a key nobody can come back for them: what has not gone out need not go out.
        if not given and withdraw(purchase_id=purchase.pk, customer=caller.customer, now=caller.now):
            raise Refusal(NONE_IN_TIME)
        log.warning("purchase %s is %s after the longest wait", purchase.pk, purchase.state)
        raise Unknown(STILL_BUYING)
    if purchase.state == states.REJECTED:
        raise Refusal(str(Purchase.Reason(purchase.reason).label) if purchase.reason else NONE_IN_TIME)
    code = purchase.project.country.code
    return {
        "orders": [
            {"order": number.pk, "phone": _phone(number), "country": code, "status": words.of_number(number.state)}
            for number in purchase.numbers.order_by("pk")
        ]
    }


def _wish(params: Params) -> tuple[int, int]:
    """The project and how many. Raises `Refusal`."""
    if not params.text("project_id"):
        raise Refusal(NO_PROJECT_NAMED)
    project_id = params.number("project_id")
    if project_id is None:
        raise Refusal(NO_SUCH_PROJECT)
    quantity = params.number("quantity") if params.text("quantity") else 1
    if quantity is None:
        raise Refusal("Quantity must be a whole number")
    country = params.text("country")
    if country and Project.objects.filter(pk=project_id).exclude(country__code=country).exists():
        raise Refusal("Project is not available in this country")
    return project_id, quantity


def _bought(caller: Caller, params: Params, project_id: int, quantity: int, given: str) -> Purchase:
    form_key = once.form_key(given)
    own = Purchase.objects.filter(customer=caller.customer, form_key=form_key)
    try:
        return once.surely(
            buy=lambda: buy.numbers(
                customer=caller.customer,
                project_id=project_id,
                quantity=quantity,
                phone=params.text("phone"),
                form_key=form_key,
                now=caller.now,
            ),
            find=own.first,
            customer=caller.customer,
            elsewhere=Order.objects.filter(customer=caller.customer, form_key=form_key) if given else None,
        )
    except ledger.InsufficientFunds:
        raise Refusal(NO_FUNDS) from None
    except buy.NotAllowed as error:
        raise Refusal(buying.in_words(error.errors)) from None
    except buy.NotNow as error:
        raise Refusal(str(error)) from None
    except buy.CantBuy as error:
        if "project" in error.errors:
            raise Refusal(NO_SUCH_PROJECT) from None
        if "form_key" in error.errors:
            raise Refusal(once.USED_BEFORE) from None
        raise Refusal(buying.in_words(error.errors)) from None


# ── Codes ──────────────────────────────────────────────────────────────────────────────────────────
def code(caller: Caller, params: Params) -> dict[str, Any]:
    """The newest code of a number, or why there is none."""
    number = _one(caller, params)
    message = _newest(number)
    if message is not None:
        return {"status": "completed", "code": message.code, "sms_content": message.text}
    if number.state in states.LIVE:
        return {"status": "waiting", "message": "Waiting for code"}
    word = words.of_number(number.state)
    return {"status": word, "message": f"Number {word}"}


def status(caller: Caller, params: Params) -> dict[str, Any]:
    """How a number stands."""
    number = _one(caller, params)
    message = _newest(number)
    hold = number.slot.hold
    waits = number.state == states.WAITING
    return {
        "status": words.of_number(number.state),
        "phone": _phone(number),
        "code": message.code if message else None,
        "charge": f"{hold.amount if waits else hold.captured - hold.refunded:.4f}",
        "currency": CURRENCY,
        "expires_at": number.expires_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }


def _newest(number: Number) -> Message | None:
    """The newest message, as long as it is kept."""
    return number.messages.order_by("-pk").first() if number.texts_removed_at is None else None


def _one(caller: Caller, params: Params) -> Number:
    """A number of the customer's own. Raises `Refusal`."""
    if not params.text("order"):
        raise Refusal(NO_ORDER_NAMED)
    number_id = params.number("order")
    own = Number.objects.filter(purchase__customer=caller.customer).select_related("slot__hold")
    number = None if number_id is None else own.filter(pk=number_id).first()
    if number is None:
        raise Refusal(NO_SUCH_ORDER)
    return number


def _phone(number: Number) -> str:
    return number.e164 or number.phone
