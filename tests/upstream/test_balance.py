"""Our balance with the vendor is read, kept, and warned about in time."""

from decimal import Decimal

import pytest
from django.utils import timezone

from core.models import Alert
from tests.still import sandbox
from upstream import rewind
from upstream.balance import read_balance
from upstream.models import BalanceReading

__all__ = ["sandbox"]

pytestmark = pytest.mark.django_db


def test_a_reading_is_kept_and_a_low_one_warns_until_it_is_topped_up(sandbox, now):
    sandbox.set_balance(Decimal("19.99"))
    assert read_balance(now=now).balance == Decimal("19.99")
    assert Alert.objects.filter(key="upstream:low", resolved_at=None).exists()
    sandbox.set_balance(Decimal(500))
    read_balance(now=now)
    assert not Alert.objects.filter(resolved_at=None).exists()
    assert BalanceReading.objects.count() == 2


def test_a_vendor_that_does_not_answer_leaves_no_reading(sandbox, now):
    sandbox.fault("http_500", action="balance")
    assert read_balance(now=now) is None
    assert not BalanceReading.objects.exists()


def test_a_reading_that_fails_does_not_look_like_a_restored_backup(sandbox):
    assert read_balance(now=timezone.now())
    sandbox.fault("http_500", action="balance", times=1)
    assert read_balance(now=timezone.now()) is None
    assert not rewind.went_back(now=timezone.now())


def test_a_shop_that_begins_anew_beside_an_old_redis_may_send(broker, now):
    rewind.remember(500)
    assert not rewind.went_back(now=now)
    # That is over: what the new shop's own readings say counts from now on.
    BalanceReading.objects.create(balance=Decimal(5), read_at=now)
    assert not rewind.went_back(now=now)
    assert not Alert.objects.exists()


def test_a_database_that_went_back_is_refused_until_it_is_accepted(broker, now):
    last = BalanceReading.objects.create(balance=Decimal(5), read_at=now)
    rewind.remember(last.pk + 1)
    assert rewind.went_back(now=now)
    BalanceReading.objects.create(balance=Decimal(5), read_at=now)
    assert rewind.went_back(now=now), "readings that count on do not cover it up"
    rewind.accept(now=now)
    assert not rewind.went_back(now=now)


def test_where_no_redis_is_nothing_is_remembered_and_accepting_is_harmless(settings, now):
    settings.CELERY_BROKER_URL = "memory://"
    BalanceReading.objects.create(balance=Decimal(5), read_at=now)
    rewind.remember(500)
    rewind.accept(now=now)
    assert not rewind.went_back(now=now)
