"""The books against orders and numbers: what the audits of the rooms say, and holds that belong to nothing."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from books import audit as days_audit
from core.models import Alert
from core.money import plain
from funds import audit as funds_audit
from orders import audit as orders_audit
from reconcile.matters import Matter
from reconcile.models import Finding, Run
from sms import audit as sms_audit
from wallet import audit as wallet_audit
from wallet.models import Hold

KINDS = [Finding.Kind.BOOKS, Finding.Kind.HOLD]
SHOWN = 50


def look(run: Run, now: datetime) -> Iterator[Matter]:
    """One matter for each line of the audits, and for each open hold that no order and no number has.

    A hold that outlived its reason is one of those lines: the audits compare every hold with the state of what it
    is for.
    """
    audits = (funds_audit, orders_audit, sms_audit, days_audit)
    for problem in chain(wallet_audit.findings().problems, *(audit.problems() for audit in audits)):
        yield Matter(
            kind=Finding.Kind.BOOKS,
            key=f"books:{hashlib.sha256(problem.encode()).hexdigest()[:32]}",
            subject=problem[:1].upper() + problem[1:],
            detail=f"{problem}\nNothing was repaired. `manage.py audit_books` names everything of the kind.",
            severity=Alert.Severity.CRITICAL,
        )
    # Those that are named like an order's or a number's are among the lines above.
    strays = Hold.objects.filter(state=Hold.State.OPEN, order=None, sms_slot=None, plan=None)
    strays = strays.exclude(key__startswith="order:").exclude(key__startswith="sms:").exclude(key__startswith="plan:")
    for hold in strays.order_by("pk")[:SHOWN]:
        yield Matter(
            kind=Finding.Kind.HOLD,
            key=f"hold:{hold.pk}:stray",
            subject=f"Hold {hold.key} is open and belongs to no purchase",
            detail="A customer can't spend this money, and nothing will ever release it by itself.",
            figures={"Amount": plain(hold.amount), "Made": f"{hold.created_at:%Y-%m-%d %H:%M:%S} UTC"},
            amount=hold.amount,
            severity=Alert.Severity.CRITICAL,
        )
