"""Listen to the numbers that wait: codes as soon as the vendor has them, and the end when it comes."""

import logging
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from catalog.pricing import fits_cost
from core import bulk
from core.alerts import alert, open_keys, resolve
from core.context import about
from core.models import Alert
from core.secrets import fingerprint
from notices.kinds import Kind
from notices.tell import tell
from sms import states
from sms.close import end, pay
from sms.models import Message, Number
from sms.suspend import suspend
from upstream import following
from upstream.client import NotSent, UpstreamError, client
from upstream.models import BalanceReading
from upstream.replies import SmsCode, SmsStatus, tidy

log = logging.getLogger(__name__)

BATCH = 200
# Seconds between two questions about a number, as long as the shared budget allows it.
WAITING_EVERY = 1.5
RECEIVED_EVERY = 5.0
# The share of the budget that listening may use when many numbers wait.
BUDGET_SHARE = 0.8
# Past its end a number gets this long for a last answer; then its money goes back (without a code no charge).
LAST_CALL = timedelta(seconds=5)
# Nobody waits longer than this for a code, whatever the vendor says.
LONGEST_WAIT = timedelta(hours=24)

# The alert's key around a number's own.
_MUTE = ("number:", ":mute")

_EXPIRED = {"expired", "timeout", "timed out"}
_CANCELED = {"canceled", "cancelled", "refunded"}
_DONE = {"completed", "finished", "done"}
_WAITING = {"active", "waiting", "pending", "code_received", "code received", "received"} | _DONE


class News(NamedTuple):
    """What the vendor says of a number: its status, and the whole message where there was a code to read."""

    status: SmsStatus
    message: SmsCode | None


def listen_due(*, limit: int = BATCH) -> int:
    """Ask for the numbers that are due, at most `limit`; returns how many were asked for."""
    live = Number.objects.filter(state__in=states.LIVE)
    numbers = following.claim(live, limit=limit, now=timezone.now())
    if not numbers:
        return 0
    every = interval(live.count())
    quiet: list[Number] = []
    for number, answer in following.ask(numbers, _news):
        now = timezone.now()
        if isinstance(answer, News) and _nothing_new(number, answer, now):
            number.next_poll_at = _next(number, every, now)
            quiet.append(number)
        else:
            with about(number_id=number.pk):
                if _take(number, answer, every, now=now):
                    following.done([number])
    # Most answers bring nothing: one statement for all of them.
    bulk.update(quiet, ["next_poll_at", "asked_reading"])
    following.done(quiet)
    return len(numbers)


def listen_one(*, number_id: int) -> News | UpstreamError | None:
    """Ask for one live number now, whenever it is due; the vendor's answer, or None when it has ended."""
    live = Number.objects.filter(state__in=states.LIVE)
    every = interval(live.count())
    for number, answer in following.ask(following.asked_now(live.filter(pk=number_id)), _news):
        with about(number_id=number.pk):
            _take(number, answer, every, now=timezone.now())
        return answer
    return None


def anybody_waits() -> bool:
    """Whether there is any number to listen to."""
    return Number.objects.filter(state__in=states.LIVE).exists()


def interval(live: int) -> float:
    """Seconds between two questions about one number, when `live` share the budget."""
    return max(WAITING_EVERY, live / (settings.UPSTREAM_MAX_PER_SECOND * BUDGET_SHARE))


def _news(number: Number) -> News:
    """One call while nothing is new; a second one for the whole text of a code that we have not seen."""
    vendor = client()
    status = vendor.sms_status(order=number.upstream_id)
    message = None
    if status.code and not _seen(number, tidy(status.code)):
        try:
            message = vendor.sms_code(order=number.upstream_id)
        except UpstreamError as error:
            # The code is what was bought; its text would only have been kind.
            log.warning("number %s: the text of its code was not read: %s", number.pk, error)
    return News(status, message)


def _seen(number: Number, code: str) -> bool:
    """Whether the newest message has this code; its row was read when the number was claimed."""
    return number.last_code == fingerprint(code)


def run_out(*, now: datetime) -> int:
    """End the numbers whose time is over, whatever the vendor says or does not say; returns how many have ended.

    Their last question may hang with a vendor that does not answer: the customer's money must not. Nor does a fault
    with one number keep the others from theirs.
    """
    over = Number.objects.filter(state__in=states.LIVE, expires_at__lt=now - LAST_CALL).order_by("pk")
    last, ended = 0, 0
    while pks := list(over.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        ended += sum(_end_of(pk, now) for pk in pks)
        last = pks[-1]
    for key in open_keys(prefix=_MUTE[0], suffix=_MUTE[1]):
        number = key.removeprefix(_MUTE[0]).removesuffix(_MUTE[1])
        if not Number.objects.filter(pk=number, state__in=states.LIVE).exists():
            resolve(key=key, now=now)
    return ended


def _end_of(pk: int, now: datetime) -> bool:
    """Whether the number's end is written down."""
    try:
        with transaction.atomic():
            number = _locked(pk)
            if number.state in states.LIVE and now >= number.expires_at + LAST_CALL:
                _run_out(number, now)
        return True
    except Exception as error:
        log.exception("number %s: its end could not be recorded", pk)
        alert(
            key=_mute(pk),
            subject=f"Number {pk}: its end could not be recorded",
            detail=f"{type(error).__name__}; the log has more. Its money waits until that succeeds.",
            severity=Alert.Severity.CRITICAL,
            now=now,
        )
        return False


def _locked(pk: int) -> Number:
    return Number.objects.select_for_update(of=("self",)).select_related("purchase", "slot__hold").get(pk=pk)


def _nothing_new(number: Number, news: News, now: datetime) -> bool:
    """Whether the answer is what we knew, so that only the next question has to be written down."""
    status = news.status
    return (
        news.message is None
        and tidy(status.status)[:100] == number.upstream_status
        and _word(status) in _WAITING
        and not number.poll_failures
        and _sane_end(status.expires_at, number) == number.expires_at
        and now < number.expires_at
    )


def _word(status: SmsStatus) -> str:
    return " ".join(tidy(status.status).lower().split())


def _take(number: Number, answer: News | UpstreamError, every: float, *, now: datetime) -> bool:
    """Write one answer down; whether it could be. A fault with one number must not keep the others from theirs."""
    try:
        if isinstance(answer, News):
            record(number=number, news=answer, every=every, now=now)
        else:
            _unanswered(number, answer, every, now)
        return True
    except Exception as error:
        log.exception("number %s: its news could not be recorded", number.pk)
        alert(
            key=_mute(number.pk),
            subject=f"Number {number.pk}: what the vendor says of it could not be recorded",
            detail=f"{type(error).__name__}; the log has more. At its end its money goes back.",
            severity=Alert.Severity.CRITICAL,
            now=now,
        )
        return False


def _mute(pk: int) -> str:
    return f"{_MUTE[0]}{pk}{_MUTE[1]}"


def record(*, number: Number, news: News, every: float, now: datetime) -> None:
    """Take in one answer: a new message, money for the first one, and the end if it is one."""
    with transaction.atomic():
        asked_reading = number.asked_reading
        number = _locked(number.pk)
        if number.state not in states.LIVE:
            return None
        status = news.status
        word = _word(status)
        number.upstream_status = tidy(status.status)[:100]
        number.upstream_charge = status.charge if status.charge is not None else number.upstream_charge
        number.expires_at = _sane_end(status.expires_at, number)
        over = word in _EXPIRED or word in _CANCELED
        if over:
            number.ended_reading = BalanceReading.last_begun()
        else:
            number.taken = number.taken or number.upstream_charge or None
            number.heard(asked_reading)
        if _keep_message(number, news, now):
            if number.state == states.WAITING:
                pay(number, now)
                _compare_cost(number, now)
            _tell_code(number, now)
        if over:
            without_code = states.EXPIRED if word in _EXPIRED else states.CANCELED
            return end(number, without_code if number.state == states.WAITING else states.FINISHED, now)
        if now >= number.expires_at:
            return _run_out(number, now)
        if word not in _WAITING:
            _odd(number, word, now)
        number.poll_failures = 0
        number.next_poll_at = _next(number, every, now)
        number.save()
    return None


def _compare_cost(number: Number, now: datetime) -> None:
    """With the code comes the vendor's charge: it has to be what its list said."""
    charge, cost = number.upstream_charge, number.purchase.cost
    # It may have waited while the price changed: then the vendor charges what its list says by now.
    if charge is None or fits_cost(charge, cost):
        return
    if not fits_cost(charge, number.purchase.project.cost):
        suspend(
            project_id=number.purchase.project_id,
            why=f"number {number.pk} was to cost {cost} USD, and the vendor charged {charge}",
            now=now,
        )


def _keep_message(number: Number, news: News, now: datetime) -> bool:
    """Add the message unless we have it; true when it is new."""
    code = tidy(news.status.code or "")
    text = ""
    if news.message is not None:
        code = tidy(news.message.code or "") or code
        text = (news.message.sms_content or "").replace("\x00", "")[:5000]
    return _add_message(number, code=code, text=text, told=tidy(news.status.code or ""), now=now)


def take_code(number: Number, *, code: str, text: str, now: datetime) -> bool:
    """Add a message to a locked number, whose caller saves it, and pay with the first one; false where it is there."""
    code = tidy(code)
    if not _add_message(number, code=code, text=text.replace("\x00", "")[:5000], told=code, now=now):
        return False
    if number.state == states.WAITING:
        pay(number, now)
    _tell_code(number, now)
    return True


def _add_message(number: Number, *, code: str, text: str, told: str, now: datetime) -> bool:
    """Keep the message unless it is there; `told` is the code by which the vendor's next answer is known again."""
    if not code and not text:
        return False
    mark = fingerprint(f"{code}\n{text}") if text else fingerprint(code)
    if not text and number.last_code == fingerprint(code):
        return False
    _message, made = Message.objects.get_or_create(
        number=number, fingerprint=mark, defaults={"code": code, "text": text, "received_at": now}
    )
    number.last_code = fingerprint(told or code)
    if made:
        number.changed_at = now
    return made


def _tell_code(number: Number, now: datetime) -> None:
    tell(
        customer_id=number.purchase.customer_id,
        kind=Kind.CODE_ARRIVED,
        about={"name": number.purchase.site_name, "number": str(number)},
        link=reverse("sms:board"),
        now=now,
    )


def _sane_end(given: datetime | None, number: Number) -> datetime:
    """The vendor's end of the number where it can be one, else what we have."""
    if given is None or not number.received_at < given < number.received_at + LONGEST_WAIT:
        return number.expires_at
    return given


def _next(number: Number, every: float, now: datetime) -> datetime:
    """When to ask again: never past the number's end, so that its money is back at once."""
    wait = every if number.state == states.WAITING else max(every, RECEIVED_EVERY)
    return min(now + timedelta(seconds=wait), max(number.expires_at, now + timedelta(seconds=0.5)))


def _run_out(number: Number, now: datetime) -> None:
    end(number, states.EXPIRED if number.state == states.WAITING else states.FINISHED, now)


def _odd(number: Number, word: str, now: datetime) -> None:
    number.flag = f"unknown status {word!r}"[:300]
    alert(
        key=f"number:{number.pk}:odd",
        subject=f"Number {number.pk}: the vendor's answers are odd",
        detail=f"{number.flag}. It is listened to until its end.",
        now=now,
    )


def _unanswered(number: Number, error: UpstreamError, every: float, now: datetime) -> None:
    """Ask again soon; at the number's end its money goes back even if the vendor stays silent."""
    with transaction.atomic():
        number = _locked(number.pk)
        if number.state not in states.LIVE:
            return None
        if now >= number.expires_at + LAST_CALL:
            return _run_out(number, now)
        wait = max(every, error.retry_after if isinstance(error, NotSent) else 3.0)
        number.poll_failures += 1
        number.next_poll_at = min(now + timedelta(seconds=wait), max(number.expires_at, now) + LAST_CALL)
        number.save()
    return None
