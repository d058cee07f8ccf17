"""Two at once: one request, one refund, one delivery."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection

from desk import ask, make_good
from desk.decide import CantDecide
from desk.models import Request
from reseller.books import audit
from tests.admin.conftest import balance

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(act, times=4):
    """What `act` returned or raised, done so many times at the same moment."""
    start = threading.Barrier(times)

    def one(number):
        start.wait()
        try:
            return act(number)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_asked_at_once_it_is_one_request_with_every_message(goods, customer, now):
    def act(number):
        return ask.not_delivered(
            order_id=goods.pk, customer=customer, text=f"where {number}", form_key=f"{number}", now=now
        ).pk

    assert len(set(at_once(act))) == 1
    assert sorted(message.text for message in Request.objects.get().messages.all()) == [
        f"where {number}" for number in range(4)
    ]


def test_one_form_sent_at_once_is_one_question(customer, now):
    made = at_once(lambda _: ask.question(customer=customer, subject="s", text="t", form_key="k", now=now).pk)
    assert len(set(made)) == 1
    assert Request.objects.get().messages.count() == 1


def test_refunded_at_once_it_comes_back_once(asked, operator, customer, now):
    before = balance(customer).balance
    outcomes = at_once(
        lambda number: make_good.pay_back(
            request_id=asked.pk, amount=Decimal(2), key=str(number), operator=operator, reason="r", now=now
        )
    )
    assert sum(isinstance(outcome, CantDecide) for outcome in outcomes) == 3
    assert balance(customer).balance == before + 2
    assert audit().problems == []


def test_delivered_at_once_it_is_there_once(asked, goods, operator, now):
    at_once(
        lambda number: make_good.deliver_again(
            request_id=asked.pk, texts=[f"new-{number}"], replaces=[1], operator=operator, reason="r", now=now
        )
    )
    assert goods.items.count() == 4
