"""Place an order for a program: the same act as on the pages, its refusals in the words of a dialect."""

from dataclasses import dataclass

from api import once
from api.access import Caller
from api.params import Params
from api.refusals import Refusal
from orders import place
from orders.models import Order
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
    if not params.text("service"):
        raise Refusal(words.no_service_named)
    service_id, quantity, link = params.number("service"), params.number("quantity"), params.text("link")
    if service_id is None:
        raise Refusal(words.no_such_service)
    if quantity is None:
        raise Refusal("Quantity must be a whole number" if params.text("quantity") else "Quantity is required")
    form_key = once.form_key(once.wanted_key(caller, params))
    try:
        return once.surely(
            buy=lambda: place.order(
                customer=caller.customer,
                service_id=service_id,
                quantity=quantity,
                link=link,
                promo=params.text("promo"),
                form_key=form_key,
                now=caller.now,
            ),
            find=lambda: Order.objects.filter(customer=caller.customer, form_key=form_key).first(),
        )
    except ledger.InsufficientFunds:
        raise Refusal(words.no_funds) from None
    except place.CantPlace as error:
        if "service" in error.errors:
            raise Refusal(words.no_such_service) from None
        if "form_key" in error.errors:
            raise Refusal(once.USED_BEFORE) from None
        raise Refusal(in_words(error.errors)) from None


def in_words(errors: dict[str, str]) -> str:
    """Every field that is wrong, by its name in the request."""
    return " ".join(f"{name.capitalize()}: {text}" for name, text in errors.items())
