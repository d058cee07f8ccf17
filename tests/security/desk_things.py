"""What only the admin shows: alerts, findings, notes, suspensions and such, with hostile words in them."""

from datetime import timedelta
from decimal import Decimal

from accounts import suspensions
from accounts.models import Invitation, StaffNote
from catalog.models import PriceChange
from conduct.models import Block
from conduct.note import hit
from core import record
from core.alerts import alert
from core.models import MailFailure
from notices.kinds import Kind
from notices.models import Mailing, Notice
from reconcile.models import Finding
from tests.lived_in import LivedIn
from tests.security.markup import FULL
from wallet import ledger


def fill(shop: LivedIn) -> None:
    """At least one row of each."""
    now, operator, customer = shop.now, shop.operator, shop.customer
    alert(key="odd", subject=FULL, detail=FULL, now=now)
    times = {"first_at": now, "last_at": now, "severity": "WARNING"}
    Finding.objects.create(
        key="odd", kind=Finding.Kind.values[0], subject=FULL, detail=FULL, figures={FULL: 1}, **times
    )
    MailFailure.objects.create(recipients=FULL, subject=FULL, error=FULL, at=now)
    suspensions.suspend(customer=shop.newcomer, degree="API", reason=FULL, told=FULL, operator=operator, now=now)
    StaffNote.objects.create(customer=customer, author=operator, text=FULL, at=now)
    Invitation.objects.create(note=FULL, email="friend@example.com", made_by=operator, made_at=now)
    mailing = Mailing.objects.create(subject_en=FULL, text_en=FULL, made_by=operator, made_at=now)
    Notice.objects.create(
        customer=customer, kind=Kind.values[0], mailing=mailing, made_at=now, due_at=now + timedelta(days=1), why=FULL
    )
    block = Block.objects.create(kind="WORD", value="zzz", match="zzz", reason=FULL, note=FULL)
    hit(block=block, customer=customer, what=FULL, now=now)
    service = shop.services["SMM"]
    prices = dict.fromkeys(["old_rate", "new_rate", "old_price", "new_price"], Decimal(1))
    PriceChange.objects.create(service=service, changed_at=now, **prices)
    ledger.adjust(account=ledger.account_of(customer), amount=Decimal("0.01"), key="odd", memo=FULL, now=now)
    record.note(kind="ACT", said=FULL, actor=operator, row=service, reason=FULL, changes={FULL: [FULL, 1]})
