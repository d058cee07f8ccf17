"""Notices and what was sent of them."""

from datetime import timedelta

import pytest
from django.core import mail

from notices import send
from notices.kinds import Kind
from notices.tell import tell
from tests.admin.conftest import make, product, service
from tests.sms.conftest import bought, listen_to, project, projects, rich, sandbox

__all__ = ["bought", "listen_to", "make", "product", "project", "projects", "rich", "sandbox", "service"]


@pytest.fixture
def told(customer, now):
    """`told(kind, …)` has the customer told of it; returns whether a notice was written."""

    def told(kind=Kind.ORDER_DONE, *, who=customer, at=now, **about):
        about = {"number": 17, "name": "Likes", "amount": "$1.25", "threshold": "$5.00"} | about
        return tell(customer_id=who.pk, kind=kind, about=about, link="/orders/17/", now=at)

    return told


@pytest.fixture
def sweep(now):
    """`sweep(minutes=…)` sends what is due so long after the test's moment; returns the e-mails of it."""

    def sweep(minutes=2):
        before = len(mail.outbox)
        send.send_due(now=now + timedelta(minutes=minutes))
        return mail.outbox[before:]

    return sweep
