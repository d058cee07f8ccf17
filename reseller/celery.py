"""The Celery app: which queue each task goes to, and what beat does when.

Nothing here is needed for an order to arrive: a task is a nudge, and the sweeps below find in the database
whatever a nudge missed.
"""

import logging.config
import os
import warnings
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_ready
from django.conf import settings

# Celery warns root of pickled tasks; ours are JSON.
warnings.filterwarnings("ignore", message="You're running the worker with superuser")

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reseller.settings")

app = Celery("reseller")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# By kind of work, so that a live shop can give each its own workers. The first match counts.
app.conf.task_default_queue = "submit"
app.conf.task_routes = (
    [
        ("orders.tasks.poll*", {"queue": "status"}),
        ("orders.tasks.*", {"queue": "submit"}),
        ("catalog.tasks.*", {"queue": "sync"}),
        ("upstream.tasks.*", {"queue": "sync"}),
        ("sms.tasks.listen_due", {"queue": "codes"}),
        ("sms.tasks.run_out", {"queue": "codes"}),
        ("sms.tasks.sync", {"queue": "sync"}),
        ("sms.tasks.statistics", {"queue": "sync"}),
        ("sms.tasks.*", {"queue": "submit"}),
        ("reseller.tasks.*", {"queue": "submit"}),
    ],
)


def _every(seconds: float, task: str) -> dict[str, Any]:
    """One line of beat's table. A run that found no worker in time is dropped, so that they never pile up."""
    return {"task": task, "schedule": seconds, "options": {"expires": max(seconds, 5.0)}}


app.conf.beat_schedule = {
    "sweep placed orders": _every(2, "orders.tasks.sweep_placed"),
    "expire leases": _every(10, "orders.tasks.expire_leases"),
    "poll orders that are due": _every(1, "orders.tasks.poll_due"),
    "sync the catalogue": _every(600, "catalog.tasks.sync"),
    "sweep placed purchases of numbers": _every(2, "sms.tasks.sweep_placed"),
    "expire leases of purchases": _every(10, "sms.tasks.expire_leases"),
    "listen for codes": _every(2, "sms.tasks.listen_due"),
    "end numbers whose time is over": _every(2, "sms.tasks.run_out"),
    "sync countries and projects": _every(600, "sms.tasks.sync"),
    "count how often codes come": _every(600, "sms.tasks.statistics"),
    "read our balance with the vendor": _every(300, "upstream.tasks.read_balance"),
    "heartbeat": _every(10, "reseller.tasks.heartbeat"),
}


@setup_logging.connect
def _log_like_django(**_: Any) -> None:
    """Worker and beat log as the rest of the shop does; without a receiver Celery would set up its own."""
    logging.config.dictConfig(settings.LOGGING)


@worker_ready.connect
def _first_heartbeat(**_: Any) -> None:
    """A worker that has just begun need not wait for beat to be seen."""
    app.send_task("reseller.tasks.heartbeat", expires=10)
