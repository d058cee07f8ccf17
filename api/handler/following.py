"""`getStatus`, `getStatusV2`, `setStatus` and `getActiveActivations`: how a number stands, and what its bot says of it.

A bot that has its code may ask for another one. It waits from the message that it was told last, so a code that
came between its two calls is not lost.
"""

from typing import Any

from api.access import Caller
from api.handler import codes
from api.handler.models import Told
from api.handler.phones import digits, moment
from api.handler.says import BAD_STATUS, EARLY_CANCEL_DENIED, NO_ACTIVATION, USD, Says
from api.params import Params
from sms import close, states
from sms.models import Message, Number

WAITS = "STATUS_WAIT_CODE"
WAITS_AGAIN = "STATUS_WAIT_RETRY"
CANCELED = "STATUS_CANCEL"
OK = "STATUS_OK"
READY, AGAIN, FINISH, CANCEL = "1", "3", "6", "8"
# An older client's word for the same.
_CANCELS = (CANCEL, "-1")
MOST_ACTIVE = 100
# What providers of the protocol tell of every activation that is under way.
_ACTIVE = "4"


def status(caller: Caller, params: Params) -> str:
    """How a number stands, in a word, with its newest code."""
    number = _one(caller, params)
    if number.state in states.UNPAID:
        return CANCELED
    message = _newest(number)
    if message is None:
        # One that has ended had a message: it is kept no longer.
        return WAITS if number.finished_at is None else CANCELED
    code = _code(message)
    return f"{WAITS_AGAIN if _heard(number, message) else OK}:{code}"


def status_v2(caller: Caller, params: Params) -> dict[str, Any] | str:
    """The newest message as a whole. One that ended without a code is told in a word: the table has no place for it."""
    number = _one(caller, params)
    if number.state in states.UNPAID:
        return CANCELED
    message = _newest(number)
    sms = None
    if message is not None and not _heard(number, message):
        sms = {"dateTime": moment(message.received_at), "code": _code(message), "text": message.text}
    return {"verificationType": 0, "sms": sms, "call": None}


def set_status(caller: Caller, params: Params) -> str:
    """Take what the bot says of its number. Nothing of it costs anything. Raises `Says`."""
    number = _one(caller, params)
    wanted = params.text("status")
    # Its message may have come before the bot says that it sent for one.
    if wanted == READY and number.state in states.LIVE:
        return "ACCESS_READY"
    if wanted == AGAIN and number.state == states.RECEIVED:
        _wait_again(number)
        return "ACCESS_RETRY_GET"
    if wanted == FINISH and number.state in states.PAID:
        close.finish(number_id=number.pk, customer=caller.customer, now=caller.now)
        return "ACCESS_ACTIVATION"
    if wanted in _CANCELS and number.state == states.WAITING:
        # The vendor takes no number back: it goes on until its end, and then costs nothing.
        raise Says(EARLY_CANCEL_DENIED, why="without a code it ends by itself and costs nothing")
    if wanted in _CANCELS and number.state in states.UNPAID:
        return "ACCESS_CANCEL"
    raise Says(BAD_STATUS)


def active(caller: Caller, params: Params) -> dict[str, Any]:
    """The customer's numbers that are under way, the newest first."""
    codes.fill()
    own = Number.objects.filter(purchase__customer=caller.customer, state__in=states.LIVE).order_by("-pk")
    related = own.select_related("purchase__project__site__handler_code", "purchase__project__country__handler_code")
    start = min(params.number("start") or 0, 10**9)
    limit = min(params.number("limit") or MOST_ACTIVE, MOST_ACTIVE)
    return {
        "status": "success",
        "activeActivations": [_row(number) for number in related.prefetch_related("messages")[start : start + limit]],
    }


def _row(number: Number) -> dict[str, Any]:
    message = max(number.messages.all(), key=lambda message: message.pk, default=None)
    purchase = number.purchase
    return {
        "activationId": number.pk,
        "serviceCode": purchase.project.site.handler_code.code,
        "phoneNumber": digits(number),
        "activationCost": purchase.price,
        "activationStatus": _ACTIVE,
        "smsCode": _code(message) if message else None,
        "smsText": message.text if message else None,
        "activationTime": moment(number.received_at),
        "discount": "0",
        "repeated": "1" if purchase.phone else "0",
        "countryCode": str(purchase.project.country.handler_code.number),
        "countryName": purchase.country_name,
        "canGetAnotherSms": "1",
        "currency": USD,
    }


def _one(caller: Caller, params: Params) -> Number:
    """A number of the customer's own. Raises `Says`."""
    number_id = params.number("id")
    own = Number.objects.filter(purchase__customer=caller.customer)
    number = None if number_id is None else own.filter(pk=number_id).first()
    if number is None:
        raise Says(NO_ACTIVATION)
    return number


def _newest(number: Number) -> Message | None:
    """The newest message, as long as it is kept."""
    return number.messages.order_by("-pk").first() if number.texts_removed_at is None else None


def _code(message: Message) -> str:
    """The code on one line; the whole text where the vendor found none in it."""
    return " ".join((message.code or message.text).split())


def _heard(number: Number, message: Message) -> bool:
    """Whether the bot waits for a newer message than this one. If not it is told this one, which is noted."""
    told = Told.objects.filter(number=number).first()
    if told is not None and message.pk <= told.message:
        # Once the number has ended no other one comes: the last is what there is.
        return told.again and number.state == states.RECEIVED
    Told.objects.update_or_create(number=number, defaults={"message": message.pk, "again": False})
    return False


def _wait_again(number: Number) -> None:
    """From now on the bot waits for a message after the one that it was told last, or after the newest if none."""
    if not Told.objects.filter(number=number).update(again=True):
        newest = _newest(number)
        Told.objects.get_or_create(number=number, defaults={"message": newest.pk if newest else 0, "again": True})
