"""One endpoint for many actions: who asks, may they, what came of it.

No session, no cookie, no form token: the key in the body is all there is. Every answer is JSON and is kept by
nobody on its way.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt

from accounts.models import User
from api import calls, keys, limit
from api.addresses import client_address, is_within
from api.models import Key
from api.params import Params, decode
from api.refusals import INVALID_ACTION, INVALID_KEY, OUR_FAULT, READ_ONLY, WRONG_ADDRESS, Refusal, TooMany

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Caller:
    """Who asks, and when."""

    customer: User
    key: Key
    idempotency_key: str
    """As the header has it; empty without one."""
    now: datetime


@dataclass(frozen=True)
class Action:
    """Something a client can ask for: `run` answers with what becomes JSON, or raises `Refusal`."""

    run: Callable[[Caller, Params], Any]
    writes: bool = False
    """Whether it needs a key that may buy."""


class _Answer(HttpResponse):
    """An answer that is noted down once it has gone out."""

    def __init__(self, body: bytes, *, status: int, note: Callable[[], None] | None) -> None:
        super().__init__(body, status=status, content_type="application/json")
        self["Cache-Control"] = "no-store"
        self._note = note

    def close(self) -> None:
        note, self._note = self._note, None
        if note is not None:
            note()
        super().close()


def endpoint(actions: Mapping[str, Action]) -> Callable[[HttpRequest], HttpResponse]:
    """The view that serves these actions, by name."""

    @csrf_exempt
    def view(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        asked = _Asked(began=began, address=client_address(request))
        headers = {}
        # Programs compare words: these are in one language, whatever the client's system prefers.
        with translation.override("en"):
            try:
                payload, status = asked.answer(request, actions), 200
            except Refusal as refusal:
                payload, status = {"error": refusal.words}, refusal.status
                asked.outcome = refusal.words
                if isinstance(refusal, TooMany):
                    headers["Retry-After"] = str(refusal.seconds)
                    asked.quiet = True
            except Exception:
                log.exception("a call broke: action %r, %s", asked.action, asked)
                payload, status = {"error": OUR_FAULT}, 200
                asked.outcome = OUR_FAULT
        response = _Answer(msgspec.json.encode(payload), status=status, note=asked.note())
        for name, value in headers.items():
            response[name] = value
        return response

    return view


@dataclass
class _Asked:
    """A request as far as it is understood, for the log."""

    began: float
    address: str | None
    key: Key | None = None
    action: str = ""
    outcome: str = ""
    # Haste is not noted: a row for each request would make it dearer than serving it.
    quiet: bool = False

    def __str__(self) -> str:
        return f"key {self.key.pk}, customer {self.key.customer_id}" if self.key else "no key"

    def answer(self, request: HttpRequest, actions: Mapping[str, Action]) -> Any:
        """Find out who asks for what, and do it. Raises `Refusal`."""
        params = decode(request)
        self.key = key = keys.behind(params.text("key"))
        if key is None:
            raise Refusal(INVALID_KEY)
        self.action = params.text("action")
        if not is_within(self.address, key.networks):
            raise Refusal(WRONG_ADDRESS)
        seconds = limit.seconds_to_wait(key.pk)
        if seconds:
            raise TooMany(f"Too many requests: try again in {seconds} s", seconds=seconds)
        action = actions.get(self.action)
        if action is None:
            raise Refusal(INVALID_ACTION)
        if action.writes and not key.may_buy:
            raise Refusal(READ_ONLY)
        caller = Caller(
            customer=key.customer,
            key=key,
            idempotency_key=request.headers.get("Idempotency-Key", ""),
            now=timezone.now(),
        )
        return action.run(caller, params)

    def note(self) -> Callable[[], None] | None:
        """What writes the call into the customer's log; nothing for one without a key."""
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
