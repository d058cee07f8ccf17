"""After a backup was put back: keep anything from being bought a second time.

A restored database does not know what the shop did since the backup was made. What waited to be sent then may have
been sent since, so it becomes UNCERTAIN and an operator compares it with the vendor. What runs is simply asked for
again. A plan is paused, since its next runs may have been placed. What was bought and sold since is with the vendor
and not in our books: the reconciliation finds it as money that left our balance there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, models, transaction

from core.alerts import alert
from core.models import Alert
from orders import states
from orders.models import Order, Plan
from orders.submit import DESK as ORDERS
from reconcile.evidence import RESTORED
from sms import states as sms_states
from sms.acquire import DESK as PURCHASES
from sms.models import Number, Purchase
from upstream import rewind
from upstream.forwarding import doubt

WHY = "The database was restored from a backup: this may have been sent since the backup was made."
# Live numbers are asked for once more before their time counts as over.
LAST_QUESTION = timedelta(minutes=2)
# So many numbers of orders are left out, for a customer or a program may have seen those of the lost ones.
SKIPPED_IDS = 10_000


@dataclass(frozen=True)
class Restored:
    """How many orders and purchases of numbers are uncertain now, how many live numbers are asked for again, and how
    many plans are paused."""

    orders: int
    purchases: int
    numbers: int
    plans: int


def after_restore(*, now: datetime) -> Restored:
    """Make a restored database safe to work on; done before any worker starts, and harmless when repeated."""
    with transaction.atomic():
        orders = sum(doubt(ORDERS, pk=pk, why=WHY, now=now) for pk in _unsent(Order))
        purchases = sum(doubt(PURCHASES, pk=pk, why=WHY, now=now) for pk in _unsent(Purchase))
        # The balance says nothing of calls before the gap: what moved in it is not in our books.
        Order.objects.filter(state=states.UNCERTAIN).update(claim="", finding="", evidence="")
        Purchase.objects.filter(state=sms_states.UNCERTAIN).update(claim="", finding="", evidence="")
        live = Number.objects.filter(state__in=sms_states.LIVE)
        numbers = live.update(next_poll_at=now)
        live.filter(expires_at__lt=now + LAST_QUESTION).update(expires_at=now + LAST_QUESTION)
        Order.objects.filter(state=states.RUNNING).update(next_poll_at=now)
        active = Plan.objects.filter(state=Plan.State.ACTIVE)
        plans = active.update(state=Plan.State.PAUSED, waits_since=None, changed_at=now)
        for model in (Order, Purchase, Number):
            _skip_ids(model)
        alert(
            key=RESTORED,
            subject="The database was restored from a backup",
            detail="Compare the vendor's list of orders with ours from the moment of the backup on, and give back to "
            "customers what they paid in since. docs/backup.md says how. Until this alert is closed, the vendor's "
            "balance settles no doubt.",
            severity=Alert.Severity.CRITICAL,
            now=now,
        )
    rewind.accept(now=now)
    return Restored(orders, purchases, numbers, plans)


def _unsent(model: type[Order] | type[Purchase]) -> list[int]:
    unsent = model._default_manager.filter(state__in=[states.PLACED, states.SUBMITTING])
    return list(unsent.values_list("pk", flat=True))


def _skip_ids(model: type[models.Model]) -> None:
    """Go on counting a good way after the last row there is."""
    table = model._meta.db_table
    last = model._default_manager.aggregate(last=models.Max("pk"))["last"] or 0
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            found = cursor.fetchone()
            if found is None:
                cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, SKIPPED_IDS])
            elif found[0] < last + SKIPPED_IDS:
                cursor.execute("UPDATE sqlite_sequence SET seq = %s WHERE name = %s", [last + SKIPPED_IDS, table])
        else:
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, last + SKIPPED_IDS])
