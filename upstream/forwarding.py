"""Send a purchase to the vendor at most once, and never lose it: what orders and numbers share.

The PLACED row is the outbox. A worker claims it by a conditional update with a lease, calls the vendor
outside any transaction, and records the outcome by another conditional update that only its own claim can
win. What the caller of `forward` brings is a `Desk`: what to send, and what each outcome means to it.

    PLACED → SUBMITTING → RUNNING
                ├→ PLACED      provably not accepted: again later (backoff in `not_before`)
                ├→ REJECTED    the vendor said no: the hold is released
                └→ UNCERTAIN   it may have been accepted: the hold stays, never sent again on a guess
"""

import functools
import logging
import math
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, models, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from core.alerts import alert
from core.models import Alert
from core.prepared import ID, MOMENT, TEXT, Prepared, PreparedUpdate, given, insert
from upstream import rewind
from upstream.client import CONNECT_SECONDS, Held, NotSent, OutOfFunds, Refused, Unanswered
from upstream.evidence import Finding
from upstream.models import BalanceReading
from upstream.pace import MAX_WAIT, room

log = logging.getLogger(__name__)

PLACED = "PLACED"
SUBMITTING = "SUBMITTING"
RUNNING = "RUNNING"
REJECTED = "REJECTED"
UNCERTAIN = "UNCERTAIN"

# Seconds before a purchase that was not accepted is sent again: 2, 4, 8 … 300.
FIRST_BACKOFF = 2.0
LONGEST_BACKOFF = 300.0
# One that never got to the vendor waits no longer than this: the breaker keeps off a vendor that is away, and when
# it is back nobody should still sit out an own rest.
LONGEST_UNSENT_BACKOFF = 8.0
# A purchase that is due and that a sweep has not handed out for so long is before all younger ones.
OVERDUE = timedelta(seconds=3)
# Seconds between two sweeps, and the most that one hands out.
SWEEP_EVERY = 2.0
LARGEST_SWEEP = 500
# Seconds between tries to record an outcome; together well inside what follows the lease's end.
RECORD_PAUSES = (0.2, 1.0, 3.0)


class BelowCost(models.TextChoices):
    """What became of a purchase that would now be sold below cost plus the minimum margin."""

    HELD = "HELD", "Held back: it would be sold below cost"
    ALLOWED = "ALLOWED", "Let go below cost by an operator"


class Forwarded(models.Model):
    """A purchase that is sent to the vendor once: its claim, its lease and when it may go."""

    state = models.CharField(max_length=12, default=PLACED)
    not_before = models.DateTimeField(help_text="Not sent earlier than this.")
    tries = models.PositiveIntegerField(default=0)
    # Who is sending it now, and until when nobody else may judge it. Kept while UNCERTAIN: an answer that
    # comes late after all is recorded by the claim that asked for it.
    claim = models.CharField(max_length=32, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    # Its cost rose while it waited: held back for an operator, or let go by one.
    below_cost = models.CharField(max_length=8, choices=BelowCost.choices, blank=True)
    # What the vendor's balance says of a doubt: `upstream.evidence`.
    finding = models.CharField(max_length=12, choices=Finding.choices, blank=True)
    evidence = models.TextField(blank=True, help_text="The figures behind it.")

    class Meta:
        abstract = True


class Attempt(models.Model):
    """One call that tried to buy: what was sent (without the key), what came back, how long it took."""

    class Outcome(models.TextChoices):
        OPEN = "OPEN", "No outcome recorded"
        ACCEPTED = "ACCEPTED", "Accepted"
        REFUSED = "REFUSED", "Refused"
        NOT_SENT = "NOT_SENT", "Not sent"
        UNANSWERED = "UNANSWERED", "Unanswered"
        FOUND = "FOUND", "Unanswered, and found with the vendor"
        DISPROVED = "DISPROVED", "Unanswered, and proved not charged"

    claim = models.CharField(max_length=32, unique=True)
    request = models.JSONField()
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.OPEN)
    detail = models.TextField(blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    # When it was, told in readings of our balance instead of by a clock that may step: every reading up to
    # the first was taken before the call, and every one after the second was begun after its outcome.
    reading_before = models.BigIntegerField(default=0)
    reading_after = models.BigIntegerField(null=True, blank=True, db_index=True)

    class Meta:
        abstract = True


Row = TypeVar("Row", bound=Forwarded)
Bought = TypeVar("Bought")


class Desk(Protocol[Row, Bought]):
    """What one kind of purchase sends, and what each outcome means to it.

    The `on_…` run inside the transaction that changes the state, on a locked row, which is saved after them:
    they set its fields and write what stands beside it.
    """

    @property
    def model(self) -> type[Row]: ...
    @property
    def attempts(self) -> type[Attempt]: ...
    @property
    def subject(self) -> str:
        """The attempts' foreign key to the row."""

    def request(self, row: Row, /) -> dict[str, Any]:
        """What goes out, without the key: kept in the attempt's row."""

    def send(self, row: Row, request: dict[str, Any], /) -> Bought:
        """Make the call. Raises what `upstream.client` raises."""

    def on_accepted(self, row: Row, bought: Bought, now: datetime, /) -> str:
        """Record what was bought; returns a line for the attempt. Raises `Contradiction`."""

    def on_refused(self, row: Row, words: str, now: datetime, /) -> None:
        """The vendor said no."""

    def on_uncertain(self, row: Row, why: str, now: datetime, /) -> None:
        """Nobody knows; a person or evidence must decide."""

    def on_again(self, row: Row, now: datetime, /) -> None:
        """It was not accepted and goes out again later; a doubt that there was is over."""

    def on_out_of_funds(self, row: Row, now: datetime, /) -> None:
        """The operator's prepaid balance is too small for it."""


class Contradiction(Exception):
    """An answer that can't be true, such as an order number we already have."""


def lease_seconds() -> float:
    """How long a claim may take: waiting for the pace, connecting, the answer, and some room to record it."""
    return MAX_WAIT + CONNECT_SECONDS + 2 * settings.UPSTREAM_TIMEOUT + 5


def backoff(tries: int) -> float:
    """Seconds to wait before the next try, after so many."""
    return float(min(FIRST_BACKOFF * 2 ** min(max(tries - 1, 0), 20), LONGEST_BACKOFF))


def due(model: type[Row], *, now: datetime, limit: int) -> list[int]:
    """Ids of purchases that may go out now, the one placed first before all others."""
    return list(_ready(model, now).order_by("pk").values_list("pk", flat=True)[:limit])


def sweep(model: type[Row], *, now: datetime) -> list[int]:
    """Ids to hand out now, oldest first: as many as the budget lets out before the next sweep.

    None while the breaker is open, and a single one to try it: what waits for the vendor costs nothing.
    """
    budget = math.ceil(settings.UPSTREAM_MAX_PER_SECOND * SWEEP_EVERY) + settings.UPSTREAM_MAX_CONCURRENCY
    limit = room("buy", min(budget, LARGEST_SWEEP))
    return due(model, now=now, limit=limit) if limit else []


def waits_its_turn(model: type[Row], *, pk: int, now: datetime) -> bool:
    """Whether older purchases are still in the queue that a sweep works off: a nudge must not pass them."""
    return _older(model).first(since=now - OVERDUE, row=pk) is not None


def _ready(model: type[Row], now: datetime) -> models.QuerySet[Row]:
    ready = model._default_manager.filter(state=PLACED, not_before__lte=now)
    return ready.exclude(below_cost=BelowCost.HELD)


def forward(desk: Desk[Row, Bought], *, pk: int) -> str | None:
    """Send the purchase `pk` if it is due and nobody else has it; returns its new state, None when it wasn't ours.

    Raises nothing of the vendor's: each outcome becomes a state.
    """
    if rewind.went_back(now=timezone.now()):
        return None
    claimed = _claim(desk, pk)
    if claimed is None:
        return None
    row, request = claimed
    record: Callable[[], str | None]
    try:
        bought = desk.send(row, request)
        record = functools.partial(_accepted, desk, row, bought)
    except OutOfFunds as error:
        why = f"the vendor says: {error.words}"
        record = functools.partial(_again, desk, row, why, wait=max(backoff(row.tries), 60.0), out_of_funds=True)
    except Refused as error:
        record = functools.partial(_refused, desk, row, error.words)
    except Held as error:
        record = functools.partial(_untried, desk, row, error.retry_after)
    except NotSent as error:
        wait = max(min(backoff(row.tries), LONGEST_UNSENT_BACKOFF), error.retry_after)
        record = functools.partial(_again, desk, row, str(error), wait=wait)
    except Unanswered as error:
        record = functools.partial(_uncertain, desk, row, str(error))
    except Exception as error:
        # A fault of our own after the request may have gone out: as little is known as without an answer.
        log.exception("sending %s %s broke", desk.model.__name__, pk)
        record = functools.partial(_uncertain, desk, row, f"our own fault: {type(error).__name__}")
    return _recorded(desk, row, record)


def expire_leases(desk: Desk[Row, Bought], *, now: datetime, limit: int = 500) -> int:
    """Purchases whose worker vanished while sending become UNCERTAIN; returns how many."""
    lost = desk.model._default_manager.filter(state=SUBMITTING, leased_until__lt=now)[:limit]
    return sum(_uncertain(desk, row, "the worker that sent it vanished") is not None for row in lost)


def doubt(desk: Desk[Row, Bought], *, pk: int, why: str, now: datetime) -> bool:
    """Make UNCERTAIN what may have been sent without our books knowing it; false when it is past that."""
    with transaction.atomic():
        unsent = desk.model._default_manager.select_for_update().filter(pk=pk, state__in=[PLACED, SUBMITTING])
        row = unsent.first()
        if row is None:
            return False
        if row.state == PLACED:
            row.claim = ""  # of a call that is over: it says nothing of this
        desk.on_uncertain(row, why, now)
        _close(desk, row, UNCERTAIN, Attempt.Outcome.UNANSWERED, why)
    return True


def decided(desk: Desk[Row, Bought], row: Row, outcome: str) -> None:
    """Note on the call behind an UNCERTAIN row what was found out about it (FOUND, DISPROVED).

    Found after several calls that were not answered, nobody knows which of them it was: then none is marked.
    """
    unanswered = desk.attempts._default_manager.filter(**{desk.subject: row}, outcome=Attempt.Outcome.UNANSWERED)
    if outcome == Attempt.Outcome.DISPROVED or unanswered.count() == 1:
        unanswered.filter(claim=row.claim).update(outcome=outcome)


def _claim(desk: Desk[Row, Bought], pk: int) -> tuple[Row, dict[str, Any]] | None:
    now = timezone.now()
    claim = uuid.uuid4().hex
    with transaction.atomic():
        leased_until = now + timedelta(seconds=lease_seconds())
        if not _claiming(desk.model).run(row=pk, now=now, claim=claim, leased_until=leased_until):
            return None
        [row] = _claimed(desk.model).all(row=pk)
        request = desk.request(row)
        insert(
            desk.attempts(
                **{desk.subject: row},
                claim=claim,
                request=request,
                started_at=now,
                reading_before=BalanceReading.last_taken(),
            )
        )
    return row, request


# What every purchase asks, once composed for each kind.
@functools.cache
def _older(model: type[Row]) -> Prepared[tuple[int]]:
    return Prepared(
        lambda: _ready(model, given("since", MOMENT)).filter(pk__lt=given("row", ID)).order_by().values_list("pk")[:1]
    )


@functools.cache
def _claiming(model: type[Row]) -> PreparedUpdate:
    return PreparedUpdate(
        lambda: _ready(model, given("now", MOMENT)).filter(pk=given("row", ID)),
        state=SUBMITTING,
        claim=given("claim", TEXT),
        tries=F("tries") + 1,
        leased_until=given("leased_until", MOMENT),
    )


@functools.cache
def _claimed(model: type[Row]) -> Prepared[Row]:
    return Prepared(lambda: model._default_manager.filter(pk=given("row", ID)).order_by())


@functools.cache
def _locked(model: type[Row], states: tuple[str, ...]) -> Prepared[Row]:
    mine = model._default_manager.select_for_update().filter(state__in=states)
    return Prepared(lambda: mine.filter(pk=given("row", ID), claim=given("claim", TEXT)).order_by())


def _surely(record: Callable[[], str | None]) -> str | None:
    """Write the outcome down even if the database is away for a moment: it can't be asked for again."""
    for pause in RECORD_PAUSES:
        try:
            return record()
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block:
                raise
            log.warning("the database is away; what came of a purchase is recorded again in %s s", pause)
            connection.close()
            time.sleep(pause)
    return record()


def _recorded(desk: Desk[Row, Bought], claimed: Row, record: Callable[[], str | None]) -> str | None:
    """The outcome's own record; when that breaks in our hands, the doubt, with what is known of it."""
    try:
        return _surely(record)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("%s %s: its outcome could not be recorded", desk.model.__name__, claimed.pk)
        known = getattr(record, "args", ())[2:]
        why = f"its outcome {known!r} could not be recorded: {type(error).__name__}"
        return _surely(functools.partial(_uncertain, desk, claimed, why))


def _accepted(desk: Desk[Row, Bought], claimed: Row, bought: Bought) -> str | None:
    now = timezone.now()
    try:
        with transaction.atomic():
            # An answer counts even when it comes after the lease: it settles what was UNCERTAIN.
            row = _still_ours(desk, claimed, SUBMITTING, UNCERTAIN)
            if row is None:
                if not _recorded_before(desk, claimed):
                    _too_late(desk, claimed, bought, now)
                return None
            detail = desk.on_accepted(row, bought, now)
            return _close(desk, row, RUNNING, Attempt.Outcome.ACCEPTED, detail)
    except Contradiction as error:
        return _uncertain(desk, claimed, str(error))


def _refused(desk: Desk[Row, Bought], claimed: Row, words: str) -> str | None:
    now = timezone.now()
    with transaction.atomic():
        row = _still_ours(desk, claimed, SUBMITTING, UNCERTAIN)
        if row is None:
            return None
        desk.on_refused(row, words, now)
        return _close(desk, row, REJECTED, Attempt.Outcome.REFUSED, words)


def _again(desk: Desk[Row, Bought], claimed: Row, why: str, *, wait: float, out_of_funds: bool = False) -> str | None:
    """It was not accepted: out it goes again in `wait` seconds."""
    now = timezone.now()
    with transaction.atomic():
        row = _still_ours(desk, claimed, SUBMITTING, UNCERTAIN)
        if row is None:
            return None
        row.not_before = now + timedelta(seconds=wait)
        desk.on_again(row, now)
        if out_of_funds:
            desk.on_out_of_funds(row, now)
        outcome = Attempt.Outcome.REFUSED if out_of_funds else Attempt.Outcome.NOT_SENT
        return _close(desk, row, PLACED, outcome, why)


def _untried(desk: Desk[Row, Bought], claimed: Row, wait: float) -> str | None:
    """The pace let no call through: nothing was tried, so nothing is counted, and no attempt is on record."""
    now = timezone.now()
    with transaction.atomic():
        row = _still_ours(desk, claimed, SUBMITTING, UNCERTAIN)
        if row is None:
            return None
        row.tries = max(row.tries - 1, 0)
        row.not_before = now + timedelta(seconds=wait)
        row.state, row.leased_until = PLACED, None
        desk.on_again(row, now)
        row.save()
        desk.attempts._default_manager.filter(claim=row.claim).delete()
    return PLACED


def _uncertain(desk: Desk[Row, Bought], claimed: Row, why: str) -> str | None:
    now = timezone.now()
    with transaction.atomic():
        row = _still_ours(desk, claimed, SUBMITTING)
        if row is None:
            return None
        row.finding = row.evidence = ""
        desk.on_uncertain(row, why, now)
        return _close(desk, row, UNCERTAIN, Attempt.Outcome.UNANSWERED, why)


def _recorded_before(desk: Desk[Row, Bought], claimed: Row) -> bool:
    """Whether this very claim was recorded already: the database may lose its word that it has committed."""
    accepted = desk.attempts._default_manager.filter(claim=claimed.claim, outcome=Attempt.Outcome.ACCEPTED)
    return accepted.exists()


def _still_ours(desk: Desk[Row, Bought], claimed: Row, *states: str) -> Row | None:
    """The row as it is now, locked, if the very claim that made the call still stands."""
    return _locked(desk.model, states).first(row=claimed.pk, claim=claimed.claim)


def _close(desk: Desk[Row, Bought], row: Row, state: str, outcome: str, detail: str) -> str:
    """Save the row in its new state. Its call ends by the database's clock, by which readings begin: those of
    workers differ."""
    row.state = state
    row.leased_until = None
    row.save()
    desk.attempts._default_manager.filter(claim=row.claim).update(
        outcome=outcome, detail=detail, finished_at=Now(), reading_after=BalanceReading.last_begun()
    )
    return state


def _too_late(desk: Desk[Row, Bought], row: Row, bought: Bought, now: datetime) -> None:
    name = desk.model.__name__.lower()
    alert(
        key=f"{name}:{row.pk}:late",
        subject=f"The vendor accepted {name} {row.pk} after it had been decided otherwise",
        detail=f"Its answer came late: {bought!r}. Compare with the vendor before doing anything else.",
        severity=Alert.Severity.CRITICAL,
        now=now,
    )


__all__ = [
    "PLACED",
    "REJECTED",
    "RUNNING",
    "SUBMITTING",
    "UNCERTAIN",
    "Attempt",
    "BelowCost",
    "Contradiction",
    "Desk",
    "Forwarded",
    "backoff",
    "decided",
    "doubt",
    "due",
    "expire_leases",
    "forward",
    "lease_seconds",
    "sweep",
    "waits_its_turn",
]
