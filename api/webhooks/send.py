"""Post what is due: each delivery is claimed, signed, posted, and tried again ever more rarely for a day.

A worker that vanishes between a post and its record leaves the claim to run out, and the delivery is posted again
under the same id. One sender claims at a time in the whole shop. Of the posts under way each customer has a few, and
an address that fails a single one, while its others are put off; a place that becomes free is given to the next at
once. So nobody's slow server keeps others waiting.
"""

import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import NamedTuple

import requests
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import QuerySet, Window
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from api.webhooks import destination
from api.webhooks.models import Delivery, Try, Webhook
from api.webhooks.signature import sign

log = logging.getLogger(__name__)

# Seconds between the tries of one delivery: a day in all.
WAITS = (10, 30, 120, 600, 1800, 3600, 7200, 10_800, 14_400, 21_600, 27_000)
PAUSE_AFTER = timedelta(days=1)
# Which of WAITS is the longest that one delivery's failure holds up the others of its address.
PUT_OFF = 3
# Longer than a post may take, a slow resolver included.
CLAIMED = timedelta(minutes=5)
# Posts under way: in all, for one customer, and for one address that fails.
THREADS = 32
FOR_ONE = 4
FAILING = 1
# Seconds in which one sender claims. The next one begins while its last posts are under way.
LASTS = 20.0
# Seconds after which more is claimed, at the latest, while posts are under way.
PAUSE = 0.25


class Answer(NamedTuple):
    """What came of a post: an HTTP status, or a short reason without one."""

    status: int | None
    error: str
    milliseconds: int

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def send_due(hand_over: Callable[[], object] = lambda: None) -> int:
    """Post what is due until nothing is, or for LASTS seconds; returns how many posts were made.

    `hand_over` is called when nothing more will be claimed, while the last posts may still be under way.
    """
    ends = time.monotonic() + LASTS
    posts = 0
    under_way: dict[Future[Answer], Delivery] = {}
    with ThreadPoolExecutor(THREADS) as pool:
        while True:
            # Before and not after the claim: what becomes due in between is for the next sender.
            last = time.monotonic() >= ends
            claimed = [] if last else _claim(timezone.now(), room=THREADS - len(under_way))
            for delivery in claimed:
                # Nothing in a thread touches the database.
                under_way[pool.submit(copy_context().run, _post, delivery)] = delivery
            posts += len(claimed)
            if last or not under_way:
                break
            _record(under_way)
        hand_over()
        while under_way:
            _record(under_way)
    return posts


def _record(under_way: dict["Future[Answer]", Delivery]) -> None:
    """Write down which posts have ended, after waiting a moment for one."""
    wait(under_way, timeout=PAUSE, return_when=FIRST_COMPLETED)
    for each in [each for each in under_way if each.done()]:
        record(under_way.pop(each), each.result(), now=timezone.now())


def _claim(now: datetime, *, room: int = THREADS) -> list[Delivery]:
    """Claim what is posted next, at most `room`, by moving its time ahead."""
    mark = uuid.uuid4().hex
    pending = Delivery.objects.filter(state=Delivery.State.PENDING)
    # Those of the sender before us as well.
    under_way = pending.filter(next_at__gt=now).exclude(claim="").values_list("webhook__customer", "webhook")
    customers, addresses = Counter[int](), Counter[int]()
    for customer_id, hook_id in under_way:
        customers[customer_id] += 1
        addresses[hook_id] += 1
    busy = [customer_id for customer_id, number in customers.items() if number >= FOR_ONE]
    due = pending.filter(next_at__lte=now, webhook__active=True, webhook__customer__is_active=True)
    turn = Window(RowNumber(), partition_by="webhook__customer", order_by=["next_at", "pk"])
    in_turn = due.exclude(webhook__customer__in=busy).annotate(turn=turn).filter(turn__lte=FOR_ONE)
    rows = in_turn.order_by("turn", "next_at").select_related("webhook")[: max(room, 0) * FOR_ONE]
    pks = _fair(rows, customers, addresses)[: max(room, 0)]
    if not pks:
        return []
    pending.filter(pk__in=pks, next_at__lte=now).update(next_at=now + CLAIMED, claim=mark)
    return list(Delivery.objects.filter(claim=mark, pk__in=pks).select_related("webhook__customer", "event"))


def _fair(due: Iterable[Delivery], customers: Counter[int], addresses: Counter[int]) -> list[int]:
    """The numbers of those deliveries whose customer and address have not their share under way yet."""
    pks: list[int] = []
    for delivery in due:
        hook = delivery.webhook
        most = FOR_ONE if hook.failing_since is None else FAILING
        if customers[hook.customer_id] < FOR_ONE and addresses[hook.pk] < most:
            customers[hook.customer_id] += 1
            addresses[hook.pk] += 1
            pks.append(delivery.pk)
    return pks


def _post(delivery: Delivery) -> Answer:
    now = timezone.now()
    hook, event = delivery.webhook, delivery.event
    body = event.body.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Webhooks/1",
        "Webhook-Id": str(event.uid),
        "Webhook-Event": event.name,
        "Webhook-Delivery": str(delivery.uid),
        "Webhook-Signature": sign(body=body, secrets=_secrets(hook, now), at=int(now.timestamp())),
    }
    began = time.perf_counter()
    status, error = None, ""
    try:
        status = destination.post(hook.url, body=body, headers=headers)
    except destination.Forbidden as refused:
        with translation.override("en"):
            error = str(refused)
    except requests.RequestException as failed:
        error = _short(failed)
    except Exception as failed:  # whatever an address does, the others get theirs
        log.exception("delivery %s broke", delivery.pk)
        error = type(failed).__name__
    return Answer(status, error, round((time.perf_counter() - began) * 1000))


def _secrets(hook: Webhook, now: datetime) -> list[str]:
    old = hook.old_secret if hook.old_secret_until is not None and now < hook.old_secret_until else None
    return [hook.secret, old] if old else [hook.secret]


def _short(error: requests.RequestException) -> str:
    """In a few words, and none of the receiver's."""
    if isinstance(error, requests.exceptions.SSLError):
        return "The certificate was not accepted"
    if isinstance(error, requests.Timeout):
        return "No answer in time"
    if isinstance(error, requests.ConnectionError):
        return "No connection, or it was broken off"
    return "The answer can't be read"


# ── What comes of it ───────────────────────────────────────────────────────────────────────────────
def record(delivery: Delivery, answer: Answer, *, now: datetime) -> None:
    """Write a post down, and what follows from it: delivered, again later, or given up and perhaps paused."""
    with transaction.atomic():
        # Locked in this order everywhere: the address, then its deliveries.
        hook = Webhook.objects.select_for_update(no_key=True).filter(pk=delivery.webhook_id).first()
        row = Delivery.objects.select_for_update().filter(pk=delivery.pk).first()
        if hook is None or row is None:
            return  # removed meanwhile
        Try.objects.create(
            delivery=row, status=answer.status, error=answer.error[:120], milliseconds=answer.milliseconds, at=now
        )
        # Claimed again, resent or given up meanwhile: then only the post itself is news.
        if row.claim == delivery.claim and row.state == Delivery.State.PENDING:
            _follow(row, answer, now)
        if answer.taken:
            _taken(hook, now)
        else:
            _failed(hook, row, now)


def _follow(row: Delivery, answer: Answer, now: datetime) -> None:
    row.tries += 1
    row.claim = ""
    if answer.taken:
        row.state, row.next_at, row.finished_at = Delivery.State.DELIVERED, None, now
    elif row.tries > len(WAITS):
        row.state, row.next_at, row.finished_at = Delivery.State.GIVEN_UP, None, now
    else:
        row.next_at = now + timedelta(seconds=WAITS[row.tries - 1])
    row.save()


def give_up(hook: Webhook, now: datetime) -> None:
    """End everything that is on its way to an address that is switched off; its row is locked."""
    hook.deliveries.filter(state=Delivery.State.PENDING).update(
        state=Delivery.State.GIVEN_UP, next_at=None, claim="", finished_at=now
    )


def _taken(hook: Webhook, now: datetime) -> None:
    """It works: what was only put off need not wait any longer."""
    if hook.failing_since is not None:
        Webhook.objects.filter(pk=hook.pk).update(failing_since=None)
        _waiting(hook).filter(tries=0).update(next_at=now)


def _failed(hook: Webhook, row: Delivery, now: datetime) -> None:
    """Begin to count, put the others off while it goes on, and stop after a day."""
    if hook.failing_since is None:
        Webhook.objects.filter(pk=hook.pk).update(failing_since=now)
        return
    if not hook.active or now - hook.failing_since < PAUSE_AFTER:
        wait = timedelta(seconds=WAITS[min(max(row.tries - 1, 0), PUT_OFF)])
        _waiting(hook).exclude(pk=row.pk).filter(next_at__lt=now + wait).update(next_at=now + wait)
        return
    Webhook.objects.filter(pk=hook.pk).update(active=False, paused_at=now)
    give_up(hook, now)
    log.warning("webhook %s is paused", hook.pk)
    transaction.on_commit(lambda: _tell(hook), robust=True)


def _waiting(hook: Webhook) -> QuerySet[Delivery]:
    return hook.deliveries.filter(state=Delivery.State.PENDING, claim="")


def _tell(hook: Webhook) -> None:
    """An e-mail to the customer; a mail server that is down is no reason to fail, the page tells it as well."""
    customer = hook.customer
    with translation.override(customer.language or settings.LANGUAGE_CODE):
        send_mail(
            settings.EMAIL_SUBJECT_PREFIX + _("Your webhook is paused"),
            _(
                "Nothing that we sent to %(url)s was taken for a day, so we stopped sending. Orders and numbers are "
                "not affected.\n\nWhen it works again, switch it on in your account under API, Webhooks "
                "(%(path)s). Deliveries that were given up stand in its log and can be sent again for %(days)d days."
            )
            % {"url": hook.url, "path": reverse("api:webhook", args=[hook.pk]), "days": 30},
            None,
            [customer.email],
            fail_silently=True,
        )
