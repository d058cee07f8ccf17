"""The protocol's one address: who asks, may they, what came of it, as a word or as JSON.

Always HTTP 200. A client of this protocol takes 5xx for “nothing happened” and buys again, up to six times.
The key stands in the address, as the protocol has it: addresses are never logged here.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

import msgspec
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt

from api import calls, keys, limit
from api.addresses import client_address, is_within
from api.endpoint import Action, Caller
from api.handler.says import BAD_ACTION, BAD_KEY, BANNED, ERROR_SQL, Says
from api.models import Key
from api.params import Params
from api.refusals import READ_ONLY, WRONG_ADDRESS, Refusal, TooMany, Unknown

log = logging.getLogger(__name__)

# Prices are numbers in this protocol's JSON; they are written from decimals, digit by digit.
_JSON = msgspec.json.Encoder(decimal_format="number")
_BROKEN = (BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError, ValueError)


class _Answer(HttpResponse):
    """An answer that is noted down once it has gone out."""

    def __init__(self, told: Any, *, note: Callable[[], None] | None) -> None:
        if isinstance(told, str):
            super().__init__(told, content_type="text/plain; charset=utf-8")
        else:
            super().__init__(_JSON.encode(told), content_type="application/json")
        self["Cache-Control"] = "no-store"
        # The address has the key in it: it is told to nobody.
        self["Referrer-Policy"] = "no-referrer"
        self._note = note

    def close(self) -> None:
        note, self._note = self._note, None
        if note is not None:
            note()
        super().close()


def handler(actions: Mapping[str, Action]) -> Callable[[HttpRequest], HttpResponse]:
    """The view that serves these actions, by name. An action answers with a text, or with what becomes JSON."""

    @csrf_exempt
    def view(request: HttpRequest) -> HttpResponse:
        asked = _Asked(began=time.perf_counter(), address=client_address(request))
        wait = 0
        with translation.override("en"):
            try:
                told = asked.answer(request, actions)
            except TooMany as haste:
                wait = haste.seconds
                asked.quiet = True
                told = f"{BANNED}:{timezone.now().astimezone(UTC) + timedelta(seconds=wait):%Y-%m-%d %H-%M-%S}"
            except Refusal as refusal:
                told = _word(refusal)
                asked.outcome = refusal.words
            except Exception:
                log.exception("a call broke: action %r, %s", asked.action, asked)
                told = asked.outcome = ERROR_SQL
        response = _Answer(told, note=asked.note())
        if wait:
            response["Retry-After"] = str(wait)
        return response

    return view


def _word(refusal: Refusal) -> str:
    if isinstance(refusal, Says):
        return refusal.word
    return ERROR_SQL if isinstance(refusal, Unknown) else BAD_ACTION


def _decode(request: HttpRequest) -> Params:
    """Everything stands in the query, by GET and by POST; what has no action there may be a form. Raises `Refusal`."""
    if request.method not in ("GET", "POST"):
        raise Says(BAD_ACTION)
    try:
        values = request.GET.dict()
        if request.method == "POST" and "action" not in values:
            values |= request.POST.dict()
    except _BROKEN:
        raise Says(BAD_ACTION) from None
    return Params(values)


@dataclass
class _Asked:
    """A request as far as it is understood, for the log."""

    began: float
    address: str | None
    key: Key | None = None
    action: str = ""
    outcome: str = ""
    quiet: bool = False

    def __str__(self) -> str:
        return f"key {self.key.pk}, customer {self.key.customer_id}" if self.key else "no key"

    def answer(self, request: HttpRequest, actions: Mapping[str, Action]) -> Any:
        """Find out who asks for what, and do it. Raises `Refusal`."""
        params = _decode(request)
        self.key = key = keys.behind(params.text("api_key"))
        if key is None:
            raise Says(BAD_KEY)
        self.action = params.text("action")
        if not is_within(self.address, key.networks):
            raise Says(BAD_KEY, why=WRONG_ADDRESS)
        seconds = limit.seconds_to_wait(key.pk)
        if seconds:
            raise TooMany(BANNED, seconds=seconds)
        action = actions.get(self.action)
        if action is None:
            raise Says(BAD_ACTION)
        if action.writes and not key.may_buy:
            raise Says(BAD_KEY, why=READ_ONLY)
        caller = Caller(
            customer=key.customer,
            key=key,
            idempotency_key=request.headers.get("Idempotency-Key", ""),
            now=timezone.now(),
        )
        return action.run(caller, params)

    def note(self) -> Callable[[], None] | None:
        """What writes the call into the customer's log; nothing for one without a key, or in haste."""
        key = self.key
        if key is None or self.quiet:
            return None
        milliseconds = round((time.perf_counter() - self.began) * 1000)
        return lambda: calls.record(
            key=key,
            action=self.action,
            outcome=self.outcome,
            milliseconds=milliseconds,
            address=self.address,
            now=timezone.now(),
        )
