"""What tells a customer: an order's end, a code, an answer; in the transaction of what it tells of, without goods."""

import pytest
from django.core import mail

from notices import switch
from notices.models import Notice
from orders import withdraw
from reseller.books import audit
from sms import acquire
from tests.admin.conftest import HOSTILE

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _reachable_broker(broker):
    """Placing an order nudges a worker through it."""


def kinds():
    return list(Notice.objects.order_by("pk").values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("delivered", "kind", "amount"),
    [(None, "ORDER_DONE", "$1.25"), (400, "ORDER_PARTIAL", "$0.75"), (0, "ORDER_REFUSED", "$1.25")],
)
def test_the_end_of_an_order_is_told_with_its_money(make, delivered, kind, amount):
    order = make.ended(delivered=delivered)
    notice = Notice.objects.get()
    assert (notice.kind, notice.about["amount"], notice.about["number"]) == (kind, amount, str(order.pk))
    assert notice.link == f"/orders/{order.pk}/"
    assert audit().problems == []


def test_a_refused_one_is_told_and_one_withdrawn_by_its_customer_is_not(make, operator, customer, now):
    make.rejected(operator)
    order = make.placed()
    assert withdraw.withdraw(order_id=order.pk, customer=customer, now=now)
    assert kinds() == ["ORDER_REFUSED"]


def test_settling_costs_one_look_up_more_when_it_is_off(make, customer, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    switch.choose(customer_id=customer.pk, on={"ORDER_DONE": False}, low_below=None)
    with CaptureQueriesContext(connection) as seen:
        make.ended()
    ours = [query["sql"] for query in seen.captured_queries if "notices_" in query["sql"]]
    # One for the hold, one for the end.
    assert len(ours) == 2
    assert all(sql.startswith("SELECT") for sql in ours)


def test_a_hostile_service_name_is_only_text_in_the_letter(make, sweep):
    make.ended()
    [letter] = sweep()
    assert HOSTILE in letter.body
    assert letter.content_subtype == "plain"
    assert mail.outbox == [letter]


def test_a_code_is_told_without_the_code_to_whoever_wants_it(bought, listen_to, sandbox, rich, sweep):
    switch.choose(customer_id=rich.pk, on={"CODE_ARRIVED": True}, low_below=None)
    purchase = bought()
    acquire.acquire(purchase_id=purchase.pk)
    sandbox.advance(60)
    number = listen_to(purchase.numbers.get())
    code = number.messages.get().code
    assert code
    [letter] = sweep()
    assert code not in letter.body + letter.subject
    assert number.messages.get().text not in letter.body
    assert "/numbers/board/" in letter.body


def test_a_code_is_not_told_to_those_who_never_asked(bought, listen_to, sandbox):
    purchase = bought()
    acquire.acquire(purchase_id=purchase.pk)
    sandbox.advance(60)
    assert listen_to(purchase.numbers.get()).messages.exists()
    assert kinds() == []
