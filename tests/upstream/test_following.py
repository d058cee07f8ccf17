"""Claiming what is due when several workers look at once: nobody asks twice, and nobody goes home empty-handed."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from sms import acquire, states
from sms.models import Number
from tests.sms.conftest import bought, project, projects, rich
from tests.still import sandbox
from upstream import claims, following

__all__ = ["bought", "project", "projects", "rich", "sandbox"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def due(bought):
    """The pks of three numbers that are due, the longest due first."""
    acquire.acquire(purchase_id=bought(3).pk)
    pks = sorted(Number.objects.values_list("pk", flat=True))
    for place, pk in enumerate(pks):
        Number.objects.filter(pk=pk).update(next_poll_at=timezone.now() - timedelta(minutes=9 - place))
    return pks


class Rival:
    """Another worker, which claims the first `pks` one by one, each time just after we have read what is due."""

    def __init__(self, pks):
        self.pks, self.now = list(pks), timezone.now()

    def __call__(self, execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        if self.pks and "next_poll_at" in sql and sql.startswith("SELECT"):
            until = self.now + following.claim_time()
            assert claims.take(Number, [self.pks.pop(0)], until=until, now=self.now)
        return answer


def claim(limit, rival):
    live = Number.objects.filter(state__in=states.LIVE)
    with connection.execute_wrapper(rival):
        return following.won_now(live, limit=limit, now=rival.now)


def test_what_another_worker_claims_in_the_same_moment_is_passed_over(due):
    assert claim(1, Rival(due[:1])) == [due[1]]
    assert claims.held(Number, now=timezone.now()) == set(due[:2])


def test_a_part_that_is_won_is_enough(due):
    assert sorted(claim(3, Rival(due[:1]))) == due[1:]


def test_a_worker_that_is_always_second_leaves_the_rest_to_the_next_sweep(due):
    assert claim(1, Rival(due)) == []
    assert claims.held(Number, now=timezone.now()) == set(due)
