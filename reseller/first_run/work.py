"""Is somebody working: broker, beat and a worker for each queue; and is there something to sell?"""

from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.models import Service, SyncRun
from core import heartbeat
from reseller.celery import app
from reseller.first_run.result import Result, todo, well, wrong
from reseller.health import broker
from sms.models import Project

# Seconds that workers have to say that they are there, where beat's signs are missing.
PING = 0.7


def work(operator: User | None) -> list[Result]:
    """Broker, workers and beat."""
    try:
        broker()
    except Exception as error:  # every driver has errors of its own
        return [
            wrong(
                "Broker",
                f"It can't be reached: {type(error).__name__}.",
                "Start Redis or Valkey, or set CELERY_BROKER_URL. Orders are kept meanwhile, and go out afterwards.",
            )
        ]
    return [well("Broker", "It answers."), _queues()]


def _queues() -> Result:
    title = "Worker and beat"
    now = timezone.now()
    seen = heartbeat.all_seen()
    silent = [queue for queue, at in seen.items() if not heartbeat.alive(at, now=now)]
    if not silent:
        return well(title, f"Every queue is worked: {', '.join(seen)}.")
    if len(silent) < len(seen):
        return wrong(
            title,
            f"Nobody works these queues: {', '.join(silent)}.",
            f"Start a worker with --queues {','.join(silent)}, or add them to one that runs.",
        )
    if app.control.ping(timeout=PING):
        return wrong(
            title,
            "A worker is there, and beat is not: nothing is swept, polled or synced by itself.",
            "Start beat, once: celery -A reseller.celery beat. It shows here after half a minute.",
        )
    return wrong(
        title,
        "No worker is there.",
        f"Start worker and beat: celery -A reseller.celery worker --queues {','.join(seen)}, and celery -A "
        "reseller.celery beat. They show here after half a minute.",
    )


def under_way() -> bool:
    """Whether a sync runs now."""
    return SyncRun.objects.filter(finished_at=None).exists()


def catalogue(operator: User | None) -> list[Result]:
    """The first copy of the vendor's catalogue, and of its countries and projects."""
    services = Service.objects.filter(state=Service.State.ON_SALE).count()
    projects = Project.objects.filter(state=Project.State.ON_SALE).count()
    return [
        _synced("Catalogue", "catalogue", f"{services:,} services on sale", services),
        _synced("Phone numbers", "numbers", f"{projects:,} projects on sale", projects),
    ]


def _synced(title: str, kind: str, there: str, count: int) -> Result:
    runs = SyncRun.objects.filter(kind=kind).order_by("-pk")
    newest = runs.first()
    link = {"link": reverse("admin:catalog_syncrun_changelist"), "link_text": "Syncs"}
    if newest is None:
        return wrong(title, "It was never copied from the vendor.", "“Sync now” below does it.")
    if newest.finished_at is None:
        return todo(title, "It is being copied just now.", "This takes some seconds; the page looks again by itself.")
    if not runs.filter(ok=True).exists():
        return wrong(title, f"It could not be copied: {newest.problem[:300]}", "Mend that, then “Sync now”.", **link)
    if not count:
        return todo(title, "It was copied, and nothing is on sale.", "Ask the vendor if that is right.", **link)
    if not newest.ok:
        return todo(title, f"{there}. The last copy failed: {newest.problem[:300]}", "It is tried again.", **link)
    skipped = f" {newest.skipped:,} rows could not be read." if newest.skipped else ""
    return well(title, f"{there}.{skipped}")


def database(operator: User | None) -> list[Result]:
    """SQLite is for a small shop on one machine."""
    if connection.vendor == "postgresql":
        return [well("Database", "PostgreSQL.")]
    return [
        todo(
            "Database",
            "SQLite: good for a trial and for a small shop on one machine. One purchase is written at a time.",
            "For more, set DATABASE_URL to a PostgreSQL before the first sale: moving later is work.",
        )
    ]
