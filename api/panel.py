"""The standard dialect of social-media panels: their software and clients work with the shop as they are.

A rate is for 1,000 pieces here whatever is sold, since that is how every client of it computes.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from accounts.models import User
from api import buying, following, goods, words
from api.access import Action, Caller
from api.endpoint import endpoint
from api.params import Params, as_number
from api.refusals import Refusal
from api.v2.catalogue import balance
from catalog.models import Service
from catalog.terms import Terms
from core.money import CURRENCY, EXACT, MICRO, plain, round_up
from desk import ask
from desk import cancel as cancel_whole
from desk.models import Request as Wish
from orders.models import Order

NO_SUCH_ORDER = "Incorrect order ID"
NO_SUCH_REFILL = "Refill not found"
NO_REFILL = "Order not eligible for refill."
NO_CANCEL = "Order not eligible for cancel."
NO_SUCH_TYPE = "Only orders of type Default can be placed here: link and quantity"
_PER = 1000
# What orders of other types bring along.
_OTHER_TYPES = ("comments", "usernames", "username", "hashtags", "hashtag", "media", "answer_number", "posts", "groups")
_WORDS = buying.Words(
    no_service_named="Incorrect service ID",
    no_such_service="Incorrect service ID",
    no_funds="Not enough funds on balance",
)


def services(caller: Caller, params: Params) -> list[dict[str, Any]]:
    """Everything on sale, as a bare list."""
    return [
        {
            "service": row.pk,
            "name": row.name,
            "type": "Default",
            "category": row.category,
            "rate": plain(_per_thousand(row.price, row.unit)),
            "min": str(row.min),
            "max": str(row.max),
            "refill": row.refill,
            "cancel": row.cancel,
            "dripfeed": row.entity == Service.Entity.SMM,
        }
        for row in goods.rows(goods.wanted(), Terms.of(caller.customer))
    ]


def _per_thousand(price: Decimal, unit: int) -> Decimal:
    """USD for 1,000 pieces, of which `unit` cost `price`."""
    return round_up(EXACT.divide(EXACT.multiply(price, _PER), unit), MICRO)


def add(caller: Caller, params: Params) -> dict[str, Any]:
    """Place an order of type Default; with `runs` and `interval`, drip-feed, known by the order of its first run."""
    if any(params.text(name) for name in _OTHER_TYPES):
        raise Refusal(NO_SUCH_TYPE)
    if any(params.text(name) not in ("", "0") for name in ("runs", "interval")):
        return {"order": buying.drip_feed(caller, params, _WORDS).pk}
    return {"order": buying.order(caller, params, _WORDS).pk}


def status(caller: Caller, params: Params) -> dict[str, Any]:
    """How one order stands, or how each of `orders` does, by id."""
    if params.text("orders"):
        asked = params.ids("orders")
        numbers = {text: number for text in asked if (number := as_number(text)) is not None}
        found = following.of_customer(caller.customer).in_bulk(numbers.values())
        wholes = following.wholes(found.values())
        return {
            text[:20]: _standing(wholes.get(order.pk) or following.look(order))
            if (order := found.get(numbers.get(text, -1)))
            else {"error": NO_SUCH_ORDER}
            for text in asked
        }
    order = following.one(caller.customer, params.number("order"))
    if order is None:
        raise Refusal(NO_SUCH_ORDER)
    return _standing(following.wholes([order]).get(order.pk) or following.look(order))


def _standing(standing: following.Standing) -> dict[str, str]:
    return {
        "charge": plain(standing.charge),
        "start_count": str(standing.start_count),
        "status": standing.word,
        "remains": str(standing.remains),
        "currency": CURRENCY,
    }


# ── Requests: what the vendor has no call for, an operator sees to ─────────────────────────────────
def refill(caller: Caller, params: Params) -> Any:
    """Ask for one refill, or for several."""
    if params.text("orders"):
        return [
            {"order": _shown(text), "refill": _asked(text, ask.refill, NO_REFILL, caller)}
            for text in params.ids("orders")
        ]
    made = _asked(params.text("order"), ask.refill, NO_REFILL, caller)
    if isinstance(made, dict):
        raise Refusal(made["error"])
    return {"refill": str(made)}


def cancel(caller: Caller, params: Params) -> Any:
    """Ask that one order be stopped, or several; what has not gone out is stopped at once, runs to come as well."""
    if params.text("orders"):
        return [
            {"order": _shown(text), "cancel": _asked(text, cancel_whole.cancel, NO_CANCEL, caller)}
            for text in params.ids("orders")
        ]
    made = _asked(params.text("order"), cancel_whole.cancel, NO_CANCEL, caller)
    if isinstance(made, dict):
        raise Refusal(made["error"])
    return {"cancel": made}


def _asked(text: str, act: Callable[..., Wish], no: str, caller: Caller) -> int | dict[str, str]:
    """The number of the request, or the error in its place."""
    order_id = as_number(text)
    customer: User = caller.customer
    now: datetime = caller.now
    if order_id is None:
        return {"error": NO_SUCH_ORDER}
    try:
        return act(order_id=order_id, customer=customer, now=now).pk
    except Order.DoesNotExist:
        return {"error": NO_SUCH_ORDER}
    except ask.CantAsk:
        return {"error": no}


def refill_status(caller: Caller, params: Params) -> Any:
    """How one request for a refill stands, or how several do."""
    asked = params.ids("refills") if params.text("refills") else [params.text("refill")]
    numbers = [number for text in asked if (number := as_number(text)) is not None]
    own = Wish.objects.filter(pk__in=numbers, kind=Wish.Kind.REFILL, customer=caller.customer)
    states = dict(own.values_list("pk", "state"))
    standing: list[tuple[str, str | None]] = [
        (text, words.of_wish(state) if (state := states.get(as_number(text) or 0)) else None) for text in asked
    ]
    if params.text("refills"):
        return [{"refill": _shown(text), "status": word or {"error": NO_SUCH_REFILL}} for text, word in standing]
    word = standing[0][1]
    if word is None:
        raise Refusal(NO_SUCH_REFILL)
    return {"status": word}


def _shown(text: str) -> int | str:
    """An id as the answer names it: a number where it is one."""
    number = as_number(text)
    return text[:20] if number is None else number


ACTIONS = {
    "services": Action(services),
    "add": Action(add, writes=True),
    "status": Action(status),
    "balance": Action(balance),
    "refill": Action(refill, writes=True),
    "refill_status": Action(refill_status),
    "cancel": Action(cancel, writes=True),
}
view = endpoint(ACTIONS)
