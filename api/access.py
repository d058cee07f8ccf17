"""Who asks, and may they: what every dialect checks before an action runs, and how a call gets into the log."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import suspensions
from accounts.models import User
from api import calls, keys, limit
from api.addresses import is_within
from api.models import Key
from api.params import Params
from api.refusals import (
    INVALID_ACTION,
    INVALID_KEY,
    READ_ONLY,
    WRONG_ADDRESS,
    Denied,
    NoAction,
    Suspended,
    TooMany,
)
from core.context import bind


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
    """Something a client can ask for: `run` answers with what its dialect writes down, or raises `Refusal`."""

    run: Callable[[Caller, Params], Any]
    writes: bool = False
    """Whether it needs a key that may buy."""


class Noted(HttpResponse):
    """An answer that nobody keeps on its way, and that is noted down once it has gone out."""

    def __init__(self, body: bytes | str, *, note: Callable[[], None] | None, **more: Any) -> None:
        super().__init__(body, **more)
        self["Cache-Control"] = "no-store"
        self._note = note

    def close(self) -> None:
        note, self._note = self._note, None
        if note is not None:
            note()
        super().close()


@dataclass
class Asked:
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

    def answer(self, request: HttpRequest, params: Params, actions: Mapping[str, Action], *, secret: str) -> Any:
        """Find out who asks for what by the key `secret`, and do it. Raises `Refusal`."""
        self.key = key = keys.behind(secret)
        if key is None:
            raise Denied(INVALID_KEY)
        bind(customer_id=key.customer_id, key_id=key.pk)
        self.action = params.text("action")
        if not is_within(self.address, key.networks):
            # Counted apart: whoever found the key can't use up its owner's minute, nor fill the log.
            self.quiet = limit.seconds_to_wait(f"{key.pk}:elsewhere") > 0
            raise Denied(WRONG_ADDRESS)
        seconds = limit.seconds_to_wait(key.pk)
        if seconds:
            raise TooMany(f"Too many requests: try again in {seconds} s", seconds=seconds)
        if getattr(key, "is_shut", True):
            self._refuse_suspended(key)
        action = actions.get(self.action)
        if action is None:
            raise NoAction(INVALID_ACTION)
        if action.writes and not key.may_buy:
            raise Denied(READ_ONLY)
        caller = Caller(
            customer=key.customer,
            key=key,
            idempotency_key=request.headers.get("Idempotency-Key", ""),
            now=timezone.now(),
        )
        return action.run(caller, params)

    def _refuse_suspended(self, key: Key) -> None:
        shut = suspensions.found(key.customer_id, suspensions.API, now=timezone.now())
        if shut is not None:
            raise Suspended(suspensions.words(shut), until=shut.ends_at)

    def note(self) -> Callable[[], None] | None:
        """What writes the call into the customer's log; nothing for one without a key, or in haste."""
        key = self.key
        if key is None or self.quiet:
            return None
        milliseconds = round((time.perf_counter() - self.began) * 1000)
        return lambda: calls.note(
            key=key,
            action=self.action,
            outcome=self.outcome,
            milliseconds=milliseconds,
            address=self.address,
            now=timezone.now(),
        )
