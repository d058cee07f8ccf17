"""Whether the shop is healthy, for the admin's first page: each part with a word, red where somebody has to look."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Max
from django.urls import reverse
from kombu import Connection
from kombu.exceptions import KombuError
from redis import RedisError

import catalog.sync
import sms.sync
from catalog.models import SyncRun
from core import heartbeat
from core.admin_base import moment
from core.queues import QUEUES
from core.templatetags.shop import duration
from reseller.dashboard_money import lasts

# Syncs run every ten minutes; after three missed ones what is sold is old.
SYNC_OLD = timedelta(minutes=35)
# Our balance is read every minute.
READING_OLD = timedelta(minutes=10)
# Fewer days than this and it is time to top up.
FEW_DAYS = 3
# Tasks that wait in a queue: beat hands out a handful in a second, so this many mean that nobody keeps up.
LONG_QUEUE = 200
SYNCS = ((catalog.sync.KIND, "Catalogue"), (sms.sync.KIND, "Countries and sites"))


class Sign(NamedTuple):
    """One part of the shop: how it is, in a few words, and whether that is well. `link` leads to more."""

    title: str
    text: str
    well: bool
    note: str = ""
    link: str = ""


def signs(*, now: datetime) -> list[Sign]:
    """The vendor's balance, both syncs, and every queue with its workers."""
    return [_balance(now), *_syncs(now), *_queues(now)]


def _ago(at: datetime, now: datetime) -> str:
    return f"{duration(max(int((now - at).total_seconds()), 0))} ago"


def _balance(now: datetime) -> Sign:
    known = lasts(now=now)
    link = reverse("admin:upstream_balancereading_changelist")
    if known["read"] is None:
        return Sign("Balance with the vendor", "Never read", False, "No worker has asked for it yet.", link)
    days = known["days"]
    text = known["balance"] if days is None else f"{known['balance']}, about {days:,} day{'s' if days != 1 else ''}"
    old = now - known["read"] > READING_OLD
    low = known["balance_usd"] < settings.UPSTREAM_LOW_BALANCE or (days is not None and days < FEW_DAYS)
    note = f"Read {_ago(known['read'], now)}." + ("" if days is None else " At the cost of the last seven days.")
    return Sign("Balance with the vendor", text, not (old or low), note, link)


def _syncs(now: datetime) -> list[Sign]:
    newest = dict(
        SyncRun.objects.filter(ok=True, finished_at__isnull=False)
        .order_by()
        .values_list("kind")
        .annotate(at=Max("finished_at"))
    )
    found = []
    link = reverse("admin:catalog_syncrun_changelist")
    for kind, title in SYNCS:
        at: datetime | None = newest.get(kind)
        last = SyncRun.objects.filter(kind=kind, finished_at__isnull=False).order_by("-pk").first()
        failed = last is not None and not last.ok
        text = "Never synced" if at is None else f"Synced {_ago(at, now)}"
        note = f"The last try failed at {moment(last.finished_at)}." if last is not None and failed else ""
        found.append(Sign(title, text, at is not None and now - at <= SYNC_OLD and not failed, note, link))
    return found


def _queues(now: datetime) -> list[Sign]:
    seen, waiting = heartbeat.all_seen(), lengths()
    found = []
    for queue in QUEUES:
        at = seen[queue]
        text = "Nobody was ever seen" if at is None else f"Seen {_ago(at, now)}"
        count = waiting.get(queue)
        note = "" if count is None else f"{count:,} waiting"
        well = heartbeat.alive(at, now=now) and (count is None or count <= LONG_QUEUE)
        found.append(Sign(f"Worker for {queue}", text, well, note))
    return found


def lengths() -> dict[str, int]:
    """Tasks that wait in each queue, where the broker is Redis; nothing where it can't be told."""
    options: dict[str, Any] = {**settings.CELERY_BROKER_TRANSPORT_OPTIONS, "socket_connect_timeout": 1}
    try:
        with Connection(settings.CELERY_BROKER_URL, transport_options=options, connect_timeout=1) as broker:
            if broker.transport.driver_type != "redis":
                return {}
            channel: Any = broker.default_channel
            return {queue: int(channel._size(queue)) for queue in QUEUES}
    except (RedisError, KombuError, OSError):
        return {}
