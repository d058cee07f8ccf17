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

from core.queues import QUEUES

# Celery warns root of pickled tasks; ours are JSON.
warnings.filterwarnings("ignore", message="You're running the worker with superuser")

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reseller.settings")

app = Celery("reseller")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Not apps, only parts of one.
app.autodiscover_tasks(["api.webhooks", "orders.plans"])

# By kind of work, so that a live shop can give each its own workers. The first match counts.
app.conf.task_default_queue = "submit"
app.conf.task_routes = (
    [
        ("orders.tasks.count_times", {"queue": "sync"}),
        ("orders.tasks.poll*", {"queue": "status"}),
        ("orders.tasks.mark_goods", {"queue": "sync"}),
        ("orders.tasks.purge_goods", {"queue": "sync"}),
        ("orders.*", {"queue": "submit"}),
        ("catalog.tasks.*", {"queue": "sync"}),
        ("funds.tasks.*", {"queue": "sync"}),
        # Not behind a sync, which may hang with the very vendor that is to be tried.
        ("upstream.tasks.try_again", {"queue": "submit"}),
        ("upstream.tasks.*", {"queue": "sync"}),
        ("books.tasks.*", {"queue": "sync"}),
        ("reconcile.tasks.*", {"queue": "sync"}),
        ("core.tasks.*", {"queue": "sync"}),
        ("reseller.tasks.*", {"queue": "sync"}),
        ("wallet.tasks.*", {"queue": "sync"}),
        ("sms.tasks.listen_due", {"queue": "codes"}),
        ("sms.tasks.run_out", {"queue": "codes"}),
        ("sms.tasks.sync", {"queue": "sync"}),
        ("sms.tasks.statistics", {"queue": "sync"}),
        ("sms.tasks.purge_texts", {"queue": "sync"}),
        ("sms.tasks.*", {"queue": "submit"}),
        # Behind nothing, and nothing behind it: a mail server that hangs holds up no purchase.
        ("notices.tasks.*", {"queue": "mail"}),
        ("api.tasks.*", {"queue": "sync"}),
        # Of their own: a sync that is slow with the vendor keeps no customer's event waiting.
        ("api.webhooks.tasks.*", {"queue": "hooks"}),
    ],
)


# A run that no worker took in this time (seconds) is dropped, so that they don't pile up while all are away. The
# worker's clock is compared with beat's: below a few minutes, clocks that differ would drop every run.
STALE = 180.0


def _every(seconds: float, task: str) -> dict[str, Any]:
    """One line of beat's table."""
    return {"task": task, "schedule": seconds, "options": {"expires": max(seconds, STALE)}}


app.conf.beat_schedule = {
    "sweep placed orders": _every(2, "orders.tasks.sweep_placed"),
    "place the runs of plans": _every(5, "orders.plans.tasks.run_due"),
    "expire leases": _every(10, "orders.tasks.expire_leases"),
    "poll orders that are due": _every(1, "orders.tasks.poll_due"),
    "sync the catalogue": _every(600, "catalog.tasks.sync"),
    "count how long orders take": _every(1800, "orders.tasks.count_times"),
    "tell of what is back in stock": _every(30, "catalog.tasks.tell_back_in_stock"),
    "sweep placed purchases of numbers": _every(2, "sms.tasks.sweep_placed"),
    "expire leases of purchases": _every(10, "sms.tasks.expire_leases"),
    "listen for codes": _every(2, "sms.tasks.listen_due"),
    "end numbers whose time is over": _every(2, "sms.tasks.run_out"),
    "mark items that have no mark yet": _every(600, "orders.tasks.mark_goods"),
    "remove items that are kept no longer": _every(3600, "orders.tasks.purge_goods"),
    "remove messages that are kept no longer": _every(3600, "sms.tasks.purge_texts"),
    "sync countries and projects": _every(600, "sms.tasks.sync"),
    "count how often codes come": _every(600, "sms.tasks.statistics"),
    "try a vendor that was left alone": _every(2, "upstream.tasks.try_again"),
    "read our balance with the vendor": _every(60, "upstream.tasks.read_balance"),
    "weigh what is uncertain": _every(30, "reconcile.tasks.weigh_doubts"),
    "keep the log of API calls short": _every(300, "api.tasks.purge_calls"),
    "find what webhooks are to tell": _every(2, "api.webhooks.tasks.collect_events"),
    "send to webhooks": _every(2, "api.webhooks.tasks.send_due"),
    "forget old events of webhooks": _every(3600, "api.webhooks.tasks.forget_events"),
    "ask after payments": _every(20, "funds.tasks.check_due"),
    "send notices": _every(5, "notices.tasks.send_due"),
    "forget notices": _every(3600, "notices.tasks.forget"),
    "count the books": _every(60, "books.tasks.count"),
    "reconcile": _every(3600, "reconcile.tasks.reconcile"),
    "credit referrals": _every(600, "wallet.tasks.credit_referrals"),
    "count what is over": _every(600, "reseller.tasks.count_ended"),
    "tell the hook of new alerts": _every(10, "core.tasks.tell_hook"),
    # Each by its own queue, whatever the routes above say.
    **{
        f"heartbeat of {queue}": {
            **_every(10, "core.tasks.beat"),
            "kwargs": {"queue": queue},
            "options": {"expires": STALE, "queue": queue},
        }
        for queue in QUEUES
    },
}


@setup_logging.connect
def _log_like_django(**_: Any) -> None:
    """Worker and beat log as the rest of the shop does; without a receiver Celery would set up its own."""
    logging.config.dictConfig(settings.LOGGING)


@worker_ready.connect
def _first_heartbeat(sender: Any, **_: Any) -> None:
    """A worker that has just begun need not wait for beat to be seen, nor for a reading of our balance: what is sent
    before the first one has no evidence."""
    for queue in sender.app.amqp.queues.consume_from:
        app.send_task("core.tasks.beat", kwargs={"queue": queue}, queue=queue, expires=10)
    app.send_task("upstream.tasks.read_balance", expires=60)
