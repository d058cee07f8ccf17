"""Send the notices that are due: those of one customer and kind in one e-mail, each handed over once.

A group is claimed in a transaction, handed to the mail server outside any, and written down in another. What was
handed over and not answered may have been taken, and so may what a vanished worker had claimed: neither is sent again.
What the server provably did not take is tried again, ever more rarely, and dropped after `GIVE_UP`.
"""

import logging
import smtplib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.core.mail import get_connection
from django.db import transaction
from django.db.models import Case, F, When

from accounts.models import User
from notices.compose import compose
from notices.kinds import Kind
from notices.models import Notice, Switches

log = logging.getLogger(__name__)

# How many groups one sweep sends, and how many notices one e-mail may stand for.
GROUPS = 50
MOST = 1000
# One kind comes to one customer no more often than this.
SPACING = timedelta(minutes=10)
# A claim this old belongs to a worker that is gone.
LEASE = timedelta(minutes=10)
GIVE_UP = timedelta(days=1)
KEPT = timedelta(days=7)
LONGEST_BACKOFF = timedelta(hours=1)


def send_due(*, now: datetime) -> int:
    """Send what is due; returns how many e-mails were handed over. The first server that is away ends the round."""
    sent = 0
    for customer_id, kind in _groups(now):
        notices = _claim(customer_id, kind, now)
        if not notices:
            continue
        outcome = _hand_over(notices, now)
        sent += outcome is True
        if outcome is None:
            break
    return sent


def give_up_lost(*, now: datetime) -> int:
    """Close what a worker had claimed and vanished with: it may have been sent; returns how many."""
    return Notice.objects.filter(state=Notice.State.SENDING, due_at__lt=now - LEASE).update(
        state=Notice.State.UNKNOWN, why="The worker that sent it vanished.", claim="", finished_at=now
    )


def forget(*, now: datetime) -> None:
    """Drop the rows of what was told: they name people's things."""
    Notice.objects.filter(finished_at__lt=now - KEPT).delete()


def backoff(tries: int) -> timedelta:
    """How long to wait after so many tries: 1, 2, 4 … 60 minutes."""
    return min(timedelta(minutes=2 ** min(max(tries - 1, 0), 10)), LONGEST_BACKOFF)


def _groups(now: datetime) -> list[tuple[int, str]]:
    # A mailing to everybody waits for what single customers are to be told.
    news = Case(When(kind=Kind.NEWS, then=1), default=0)
    due = Notice.objects.filter(state=Notice.State.DUE, due_at__lte=now).order_by(news, "due_at", "pk")
    return list(dict.fromkeys(due.values_list("customer_id", "kind")[: GROUPS * 20]))[:GROUPS]


def _claim(customer_id: int, kind: str, now: datetime) -> list[Notice]:
    """All that waits for this customer of this kind, not only what is due: it goes out together."""
    own = Notice.objects.filter(customer=customer_id, kind=kind)
    sent = own.filter(state=Notice.State.SENT, finished_at__gt=now - SPACING)
    last = sent.order_by("-finished_at").values_list("finished_at", flat=True).first()
    waiting = own.filter(state=Notice.State.DUE)
    if last is not None:
        waiting.update(due_at=last + SPACING)
        return []
    claim = uuid.uuid4().hex
    # Each mailing is an e-mail of its own.
    most = 1 if kind == Kind.NEWS else MOST
    pks = list(waiting.order_by("pk").values_list("pk", flat=True)[:most])
    # Conditional: another worker may have taken some of them meanwhile.
    Notice.objects.filter(pk__in=pks, state=Notice.State.DUE).update(
        state=Notice.State.SENDING, claim=claim, due_at=now
    )
    return list(Notice.objects.select_related("mailing").filter(claim=claim).order_by("pk"))


def _hand_over(notices: Sequence[Notice], now: datetime) -> bool | None:
    """True when the server took it, False when it did not, None when there is no server to talk to."""
    fresh = [notice for notice in notices if now - notice.made_at <= GIVE_UP]
    _close([notice for notice in notices if notice not in fresh], Notice.State.DROPPED, "Too old.", now)
    if not fresh:
        return False
    customer = User.objects.get(pk=fresh[0].customer_id)
    address = EmailAddress.objects.filter(user=customer, primary=True, verified=True).first()
    switches = Switches.objects.filter(customer=customer).first() or Switches()
    if address is None or not customer.is_active or not switches.wants(fresh[0].kind):
        _close(fresh, Notice.State.DROPPED, "No longer wanted, or no confirmed address.", now)
        return False
    message = compose(customer, address.email, fresh)
    connection = get_connection(fail_silently=False)
    try:
        connection.open()
    except Exception as error:
        _again(fresh, error, now)
        return None
    try:
        message.connection = connection
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        _refused(fresh, error, now)
        return False
    except (smtplib.SMTPResponseException, smtplib.SMTPNotSupportedError) as error:
        _again(fresh, error, now)  # the server said no: it has nothing of it
        return False
    except Exception as error:
        log.warning("a notice may have been sent: %s", type(error).__name__)
        _close(fresh, Notice.State.UNKNOWN, f"No answer: {type(error).__name__}", now)
        return False
    finally:
        connection.close()
    _close(fresh, Notice.State.SENT, "", now)
    return True


def _refused(notices: Sequence[Notice], error: smtplib.SMTPRecipientsRefused, now: datetime) -> None:
    codes = [code for code, _words in error.recipients.values()]
    if all(code >= 500 for code in codes):
        _close(notices, Notice.State.DROPPED, f"The address was refused: {codes}", now)
    else:
        _again(notices, error, now)


def _again(notices: Sequence[Notice], error: Exception, now: datetime) -> None:
    tries = max(notice.tries for notice in notices) + 1
    again: dict[str, Any] = {"state": Notice.State.DUE, "claim": "", "why": type(error).__name__[:200]}
    _put(notices, tries=F("tries") + 1, due_at=now + backoff(tries), **again)


def _close(notices: Sequence[Notice], state: str, why: str, now: datetime) -> None:
    _put(notices, state=state, why=why[:200], claim="", finished_at=now)


def _put(notices: Sequence[Notice], **values: Any) -> None:
    with transaction.atomic():
        for start in range(0, len(notices), 500):
            part = notices[start : start + 500]
            # Only its own claim: what was given up as lost meanwhile stays so.
            Notice.objects.filter(pk__in=[notice.pk for notice in part], claim=part[0].claim).update(**values)
