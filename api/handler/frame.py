"""The protocol's one address: who asks, may they, what came of it, as a word or as JSON.

Always HTTP 200. A client of this protocol takes 5xx for “nothing happened” and buys again, up to six times.
The key stands in the address, as the protocol has it: addresses are never logged here.
"""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import msgspec
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt

from api.access import Action, Asked, Noted
from api.handler.says import BAD_ACTION, BAD_KEY, ERROR_SQL, Says, barred
from api.params import Params, whole
from api.refusals import Denied, NoAction, Refusal, Suspended, TooMany, Unknown
from core.addresses import client_address

log = logging.getLogger(__name__)

# Prices are numbers in this protocol's JSON; they are written from decimals, digit by digit.
_JSON = msgspec.json.Encoder(decimal_format="number")
_BROKEN = (BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError, ValueError)


def handler(actions: Mapping[str, Action]) -> Callable[[HttpRequest], HttpResponse]:
    """The view that serves these actions, by name. An action answers with a text, or with what becomes JSON."""

    @csrf_exempt
    def view(request: HttpRequest) -> HttpResponse:
        asked = Asked(began=time.perf_counter(), address=client_address(request))
        wait = 0
        with translation.override("en"):
            try:
                params = _decode(request)
                told = asked.answer(request, params, actions, secret=params.text("api_key"))
            except TooMany as haste:
                wait = haste.seconds
                asked.quiet = True
                told = barred(timezone.now() + timedelta(seconds=wait))
            except Refusal as refusal:
                told, asked.outcome = _said(refusal)
            except Exception:
                log.exception("a call broke: action %r, %s", asked.action, asked)
                told = asked.outcome = ERROR_SQL
        response = _answer(told, asked)
        if wait:
            response["Retry-After"] = str(wait)
        return response

    return view


def _answer(told: Any, asked: Asked) -> HttpResponse:
    if isinstance(told, str):
        response = Noted(told, note=asked.note(), content_type="text/plain; charset=utf-8")
    else:
        response = Noted(_JSON.encode(told), note=asked.note(), content_type="application/json")
    # The address has the key in it: it is told to nobody.
    response["Referrer-Policy"] = "no-referrer"
    return response


def _said(refusal: Refusal) -> tuple[str, str]:
    """The protocol's word for a refusal, and what the customer's log has of it."""
    match refusal:
        case Says():
            return refusal.word, refusal.words
        case Suspended():
            return barred(refusal.until), refusal.words
        case Denied():
            return BAD_KEY, f"{BAD_KEY}: {refusal.words}"
        case NoAction():
            return BAD_ACTION, BAD_ACTION
        case Unknown():
            return ERROR_SQL, refusal.words
        case _:
            return BAD_ACTION, refusal.words


def _decode(request: HttpRequest) -> Params:
    """Everything stands in the query, by GET and by POST; without action or key there, in a form. Raises `Refusal`."""
    if request.method not in ("GET", "POST"):
        raise Says(BAD_ACTION)
    whole(request)
    try:
        values = request.GET.dict()
        if request.method == "POST" and not values.keys() >= {"action", "api_key"}:
            values = {**request.POST.dict(), **values}
    except _BROKEN:
        raise Says(BAD_ACTION) from None
    return Params(values)
