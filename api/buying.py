"""Place an order for a program: the same act as on the pages, its refusals in the words of a dialect."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from api import once
from api.access import Caller
from api.params import Params
from api.refusals import Refusal
from orders import place
from orders.models import Order
from orders.plans import begin
from sms.models import Purchase
from wallet import ledger


@dataclass(frozen=True)
class Words:
    """What a dialect calls it."""

    no_service_named: str
    no_such_service: str
    no_funds: str


def order(caller: Caller, params: Params, words: Words) -> Order:
    """Place what `service`, `link`, `quantity` and `promo` ask for; the same idempotency key again is the first order.

    Raises `Refusal`.
    """
    wish = _wish(caller, params, words) | {"promo": params.text("promo")}
    return _buy(caller, params, wish, words, place.order)


def drip_feed(caller: Caller, params: Params, words: Words) -> Order:
    """Begin what `runs` and `interval` (minutes) ask for besides; returns the order of the first run.

    Raises `Refusal`.
    """
    wish = _wish(caller, params, words)
    if params.text("promo"):
        raise Refusal(f"Promo: {begin.no_promotion()}")
    for name in ("runs", "interval"):
        number = params.number(name)
        if number is None:
            raise Refusal(f"{name.capitalize()} must be a whole number")
        wish[name] = number
    return _buy(caller, params, wish, words, _first_run)


def _first_run(**wish: Any) -> Order:
    return begin.plan(**wish).orders.get(run=1)


def _wish(caller: Caller, params: Params, words: Words) -> dict[str, Any]:
    if not params.text("service"):
        raise Refusal(words.no_service_named)
    service_id, quantity = params.number("service"), params.number("quantity")
    if service_id is None:
        raise Refusal(words.no_such_service)
    if quantity is None:
        raise Refusal("Quantity must be a whole number" if params.text("quantity") else "Quantity is required")
    return {
        "customer": caller.customer,
        "service_id": service_id,
        "quantity": quantity,
        "link": params.text("link"),
        "now": caller.now,
    }


def _buy(caller: Caller, params: Params, wish: dict[str, Any], words: Words, act: Callable[..., Order]) -> Order:
    given = once.wanted_key(caller, params)
    mine = {"customer": caller.customer, "form_key": once.form_key(given)}
    try:
        return once.surely(
            buy=lambda: act(**wish, form_key=mine["form_key"]),
            find=lambda: Order.objects.filter(**mine).first(),
            customer=caller.customer,
            elsewhere=Purchase.objects.filter(**mine) if given else None,
        )
    except ledger.InsufficientFunds:
        raise Refusal(words.no_funds) from None
    except place.NotAllowed as error:
        raise Refusal(in_words(error.errors)) from None
    except place.NotNow as error:
        raise Refusal(str(error)) from None
    except place.CantPlace as error:
        if "service" in error.errors:
            raise Refusal(words.no_such_service) from None
        if "form_key" in error.errors:
            raise Refusal(once.USED_BEFORE) from None
        raise Refusal(in_words(error.errors)) from None


def in_words(errors: dict[str, str]) -> str:
    """Every field that is wrong, by its name in the request."""
    return " ".join(f"{name.capitalize()}: {text}" for name, text in errors.items())
