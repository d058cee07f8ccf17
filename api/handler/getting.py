"""`getNumber` and `getNumberV2`: buy one number and wait for it.

Nothing is charged for a number without a code, so a plain “no” is safe even where a number may still come; the
protocol has no better word. One that was promised under an `orderId` is told as such.
"""

import hashlib
import logging
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from api import once, waiting
from api.access import Caller
from api.handler import codes
from api.handler.offers import service_code
from api.handler.phones import digits, moment
from api.handler.says import (
    BAD_SERVICE,
    NO_BALANCE,
    NO_NUMBERS,
    ORDER_ALREADY_EXISTS,
    USD,
    WRONG_MAX_PRICE,
    Says,
    barred,
)
from api.params import Params
from api.refusals import TooMany
from conduct import note
from core.money import CHARGE_STEP, LARGEST, BadAmount, parse
from sms import blocked, buy, states
from sms.models import Number, Project, Purchase
from sms.terms import Terms
from sms.withdraw import withdraw
from wallet import ledger

log = logging.getLogger(__name__)

# Where no country is named, the protocol means its number 0.
DEFAULT_COUNTRY = 0
_NO = ("", "0", "false", "no")
NAMELESS = "any"


@dataclass(frozen=True)
class _Wish:
    """What is asked for. `most` is the USD that it may cost."""

    service: str
    country: int | None
    most: Decimal


def number(caller: Caller, params: Params) -> str:
    """Buy one; answers with its id and phone."""
    bought = _bought(caller, params)
    return f"ACCESS_NUMBER:{bought.pk}:{digits(bought)}"


def number_v2(caller: Caller, params: Params) -> dict[str, Any]:
    """Buy one; answers with all that is known of it."""
    bought = _bought(caller, params)
    return {
        "activationId": bought.pk,
        "phoneNumber": digits(bought),
        "activationCost": bought.purchase.price,
        "currency": USD,
        "countryCode": str(bought.purchase.project.country.handler_code.number),
        "canGetAnotherSms": True,
        "activationTime": moment(bought.received_at),
        "activationOperator": NAMELESS,
    }


def _bought(caller: Caller, params: Params) -> Number:
    """The number that was bought for this request. Raises `Says`."""
    wish = _wish(params)
    given = params.text("orderId") or once.wanted_key(caller, params)
    try:
        with waiting.place():
            purchase = waiting.settled(_purchase(caller, wish, given))
            # What has not gone out need not go out: who wants it still will ask again.
            if waiting.is_under_way(purchase):
                withdraw(purchase_id=purchase.pk, customer=caller.customer, now=caller.now)
                purchase.refresh_from_db()
    except TooMany:
        raise Says(NO_NUMBERS, why="too many wait for numbers at once") from None
    if waiting.is_under_way(purchase):
        log.warning("purchase %s is %s after the longest wait", purchase.pk, purchase.state)
        raise Says(ORDER_ALREADY_EXISTS if given else NO_NUMBERS, why=f"purchase {purchase.pk} is still under way")
    own = Number.objects.select_related("purchase__project__country__handler_code")
    bought = own.filter(purchase=purchase).order_by("pk").first()
    if bought is None:
        raise Says(NO_NUMBERS, why=str(Purchase.Reason(purchase.reason).label) if purchase.reason else "")
    return bought


def _wish(params: Params) -> _Wish:
    service = service_code(params)
    if not service:
        raise Says(BAD_SERVICE)
    operators = params.text("operator").lower()
    # We can't choose an operator, a forwarding or a call instead of a message: what was asked for is not there.
    if operators and NAMELESS not in operators.split(","):
        raise Says(NO_NUMBERS, why="numbers of one operator are not sold")
    if any(params.text(name).lower() not in _NO for name in ("forward", "verification", "activationType")):
        raise Says(NO_NUMBERS, why="numbers that take calls are not sold")
    country = params.number("country") if params.text("country") else DEFAULT_COUNTRY
    return _Wish(service=service, country=country, most=_most(params.text("maxPrice")))


def _most(text: str) -> Decimal:
    """The highest price in USD that the client takes: any where it names none."""
    if not text:
        return LARGEST
    try:
        # Programs that count with floats send 0.30000000000000004.
        return parse(text, places=18).quantize(CHARGE_STEP, rounding=ROUND_FLOOR)
    except BadAmount:
        raise Says(WRONG_MAX_PRICE) from None


def _purchase(caller: Caller, wish: _Wish, given: str) -> Purchase:
    """A purchase for this wish: the one that an earlier request for the same made, or a new one. Raises `Says`."""
    own = Purchase.objects.filter(customer=caller.customer)
    earlier, form_key = _named(caller, given) if given else _repeated(caller, wish)
    if earlier is not None:
        if (earlier.project.site.handler_code.code, earlier.project.country.handler_code.number) != (
            wish.service,
            wish.country,
        ):
            raise Says(ORDER_ALREADY_EXISTS, why=once.USED_BEFORE)
        return earlier
    project = _project(caller, wish)
    try:
        return once.surely(
            buy=lambda: buy.numbers(
                customer=caller.customer,
                project_id=project.pk,
                quantity=1,
                shown_price=wish.most,
                form_key=form_key,
                now=caller.now,
            ),
            find=own.filter(form_key=form_key).first,
            customer=caller.customer,
        )
    except ledger.InsufficientFunds:
        raise Says(NO_BALANCE) from None
    except buy.PriceChanged:
        raise Says(WRONG_MAX_PRICE) from None
    except buy.NotNow as error:
        raise Says(barred(error.until) if error.until or error.shut else NO_NUMBERS, why=str(error)) from None
    except buy.CantBuy as error:
        raise Says(ORDER_ALREADY_EXISTS if "form_key" in error.errors else NO_NUMBERS, why=str(error)) from None


def _project(caller: Caller, wish: _Wish) -> Project:
    """What is sold of the service in the country, the cheapest. Raises `Says`."""
    terms = Terms.of(caller.customer)
    if wish.country is None:
        raise Says(NO_NUMBERS, why="no such country")
    offers = codes.offers(service=wish.service, country=wish.country)
    found = _cheapest(offers, terms)
    if found is None:
        codes.fill()
        found = _cheapest(offers.all(), terms)
    if found is None:
        _check_allowed(caller, wish)
        raise Says(NO_NUMBERS if codes.is_service(wish.service) else BAD_SERVICE)
    if terms.price(found) > wish.most:
        raise Says(WRONG_MAX_PRICE)
    return found


def _check_allowed(caller: Caller, wish: _Wish) -> None:
    """Raises `Says` where the shop's rules are why it is not sold; who wanted it is counted."""
    if wish.country is None:
        return
    named = Project.objects.filter(site__handler_code__code=wish.service, country__handler_code__number=wish.country)
    project = named.select_related("site", "country").first()
    block = blocked.reason(project) if project else None
    if project and block:
        note.hit(block=block, customer=caller.customer, what=str(project), now=caller.now)
        raise Says(NO_NUMBERS, why=block.words)


def _cheapest(offers: QuerySet[Project], terms: Terms) -> Project | None:
    """The first of several at the same price; in general that is the order of the offers themselves."""
    return offers.first() if terms.are_general else min(offers, key=terms.price, default=None)


def _named(caller: Caller, given: str) -> tuple[Purchase | None, str]:
    """What was bought under the client's own id of an order, and the key to buy it under.

    An id whose purchase came to nothing is free again: bots ask with the same one until there is a number.
    """
    stem = f"h:{hashlib.sha256(given.encode()).hexdigest()[:40]}:"
    under = _own(caller).filter(form_key__startswith=stem)
    form_key = f"{stem}{under.filter(state=states.REJECTED).count()}"
    return under.filter(form_key=form_key).first(), form_key


def _repeated(caller: Caller, wish: _Wish) -> tuple[Purchase | None, str]:
    """Without an id: what was bought for the same wish within the seconds that a setting allows, and a key.

    Two requests at the same moment find the same newest purchase, so they share the key.
    """
    seconds = settings.API_HANDLER_REPEAT_SECONDS
    if not seconds:
        return None, once.form_key("")
    stem = f"hw:{hashlib.sha256(f'{wish.service}/{wish.country}'.encode()).hexdigest()[:32]}:"
    newest = _own(caller).filter(form_key__startswith=stem).order_by("-pk").first()
    form_key = f"{stem}{newest.pk if newest else 0}"
    lately = caller.now - timedelta(seconds=seconds)
    if newest is None or newest.state == states.REJECTED or newest.placed_at <= lately:
        return None, form_key
    return newest, form_key


def _own(caller: Caller) -> QuerySet[Purchase]:
    own = Purchase.objects.filter(customer=caller.customer)
    return own.select_related("project__site__handler_code", "project__country__handler_code")
