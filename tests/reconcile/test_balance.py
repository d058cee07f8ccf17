"""The vendor's balance against what our purchases cost: nothing found after ordinary days, every cent after others."""

from decimal import Decimal

import pytest

from core.models import Alert
from orders import resolve, states
from orders.models import Order
from reconcile.matters import CantClose, close
from reconcile.models import Finding, Run
from reconcile.run import reconcile
from reseller.books import audit
from sms import listen
from sms import states as sms_states
from sms.models import Number
from tests.reconcile.conftest import open_alerts, open_findings

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books():
    yield
    assert audit().problems == []


def test_the_first_run_only_takes_the_figures_down(shop, sandbox, run):
    sandbox.set_balance(Decimal(400))
    order = shop.order(1)
    report = run()
    assert report.clean
    assert report.run.balance == sandbox.vendor.balance.quantize(Decimal("0.0001"), "ROUND_DOWN")
    assert report.run.spent == order.cost


def test_ordinary_orders_and_numbers_lead_to_no_finding(shop, sandbox, run, projects, at):
    run()
    ids = {
        what: sandbox.vendor.services_that(what, entity=entity)[0]
        for what, entity in [("complete", "smm"), ("partial", "smm"), ("cancel", "smm")]
    }
    product = sandbox.vendor.services_that("complete", entity="product")[0]
    for service in [*ids.values(), product]:
        sandbox.plan(behaviour=sandbox.vendor.behaviour(service), service=service, pending=1, seconds=600)
        for quantity in (None, 30 if service == product else 1234):
            shop.order(service, quantity=quantity)
    with_code = shop.numbers(3)
    sandbox.plan_sms(behaviour="expire", project=with_code.project.upstream_id, lifetime=900)
    without = shop.numbers(2)
    assert run(0.05).clean  # all under way
    shop.later(300)
    assert run(0.1).clean  # half-way
    for _ in range(4):
        shop.later(3600)
    listen.run_out(now=at(24))
    assert {order.state for order in Order.objects.all()} == {states.COMPLETED, states.PARTIAL, states.CANCELED}
    assert {number.state for number in with_code.numbers.all()} == {sms_states.FINISHED}
    assert {number.state for number in without.numbers.all()} == {sms_states.EXPIRED}
    for hours in (3, 4, 5):
        report = run(hours)
        assert report.findings == []
        assert report.clean
    assert sandbox.vendor.pay_backs
    assert not open_alerts()
    assert Finding.objects.count() == 0


def test_money_that_left_unexplained_is_a_loss_with_every_figure(shop, sandbox, run):
    sandbox.set_balance(Decimal(400))
    run()
    cost = shop.order(1).cost
    sandbox.set_balance(sandbox.vendor.balance - Decimal("3.21"))
    report = run(1)
    (finding,) = report.findings
    assert (finding.kind, finding.amount, finding.severity) == ("LOSS", Decimal("3.21"), "CRITICAL")
    assert finding.figures["Balance before"] == "400.00"
    assert Decimal(finding.figures["Known charges, less pay-backs"]) == cost
    assert finding.figures["Unexplained now"] == "-3.21"
    assert "backup" in finding.detail
    assert open_alerts() == {"balance:loss"}


def test_a_loss_stays_one_finding_and_grows(shop, sandbox, run):
    run()
    sandbox.set_balance(sandbox.vendor.balance - Decimal(3))
    run(1)
    assert run(2).findings[0].times == 2
    sandbox.set_balance(sandbox.vendor.balance - Decimal(4))
    (finding,) = run(3).findings
    assert (finding.times, finding.amount) == (3, Decimal(7))
    assert Alert.objects.filter(key="balance:loss").count() == 1


def test_a_few_cents_are_within_the_tolerance_but_add_up(shop, sandbox, run):
    run()
    for hours in (1, 2):
        sandbox.set_balance(sandbox.vendor.balance - Decimal("0.03"))
        report = run(hours)
        assert report.clean is (hours == 1)
    assert report.findings[0].amount == Decimal("0.06")


def test_an_uncertain_order_is_the_first_suspect_and_explains_its_loss_when_found(
    shop, sandbox, run, operator, catalogue, at
):
    run()
    sandbox.fault("lost_after", action="add", times=1)
    order = shop.order(1, quantity=catalogue[1].max)
    assert order.state == states.UNCERTAIN
    sandbox.clear()
    (finding,) = run(1).findings
    assert finding.kind == "LOSS"
    assert f"order {order.pk} (" in finding.detail
    number = sandbox.vendor.purchases[-1].order
    resolve.found(order_id=order.pk, upstream_id=number, operator=operator, reason="looked it up", now=at(1))
    assert run(2).findings == []
    finding.refresh_from_db()
    assert (finding.closed_by, finding.note) == (None, "A later run no longer found it.")
    assert "balance:loss" not in open_alerts()


def test_a_purchase_that_is_just_being_sent_is_no_loss_yet(shop, sandbox, run, placed, catalogue):
    run()
    order = placed(1, quantity=catalogue[1].max)
    Order.objects.filter(pk=order.pk).update(state=states.SUBMITTING)
    sandbox.set_balance(sandbox.vendor.balance - order.cost)
    assert "balance:loss" not in {finding.key for finding in run(1).findings}
    # An hour later it would have been recorded.
    assert "balance:loss" in {finding.key for finding in run(2).findings}
    Order.objects.filter(pk=order.pk).update(state=states.PLACED)


def test_a_top_up_is_information_that_an_operator_confirms(sandbox, run, operator, at, db):
    run()
    sandbox.set_balance(sandbox.vendor.balance + Decimal(100))
    assert run(1).clean  # a pay-back that we have not heard of would look the same
    (finding,) = run(2).findings
    assert (finding.kind, finding.severity, finding.amount) == ("CREDIT", "INFO", Decimal(100))
    close(finding_id=finding.pk, operator=operator, reason="top-up", explained=Decimal(100), now=at(2))
    for hours in (3, 4, 30):
        assert run(hours).clean


def test_a_loss_that_a_top_up_hid_is_found_when_the_top_up_is_confirmed(sandbox, run, operator, at, db):
    run()
    sandbox.set_balance(sandbox.vendor.balance + Decimal(95))
    run(1)
    (finding,) = run(2).findings
    close(finding_id=finding.pk, operator=operator, reason="top-up", explained=Decimal(100), now=at(2))
    (loss,) = run(3).findings
    assert (loss.kind, loss.amount) == ("LOSS", Decimal(5))


def test_a_drift_is_not_closed_without_saying_how_much_is_explained(sandbox, run, operator, at, db):
    run()
    sandbox.set_balance(sandbox.vendor.balance - Decimal(5))
    (finding,) = run(1).findings
    for explained in (None, Decimal(0), Decimal(5)):  # a loss is explained downwards
        with pytest.raises(CantClose):
            close(finding_id=finding.pk, operator=operator, reason="?", explained=explained, now=at(1))
    close(finding_id=finding.pk, operator=operator, reason="a fee", explained=Decimal(-5), now=at(1))
    assert run(2).clean
    with pytest.raises(CantClose):
        close(finding_id=finding.pk, operator=operator, reason="again", explained=Decimal(-5), now=at(2))


def test_a_number_without_code_that_was_not_paid_back_is_a_loss(shop, sandbox, run):
    run()
    shop.numbers(2)
    assert run(0.1).clean
    Number.objects.update(state=sms_states.EXPIRED)
    (finding,) = [one for one in run(2).findings if one.kind == "LOSS"]
    assert finding.amount == sum(number.purchase.cost for number in Number.objects.all())
    Number.objects.update(state=sms_states.WAITING)


def test_a_vendor_that_does_not_answer_leaves_the_findings_as_they_were(sandbox, run, db):
    run()
    sandbox.set_balance(sandbox.vendor.balance - Decimal(5))
    run(1)
    sandbox.fault("http_500", action="balance")
    report = run(2)
    assert (report.run.balance, report.run.skipped, open_findings()) == (None, ["balance"], ["balance:loss"])
    sandbox.clear()
    sandbox.set_balance(sandbox.vendor.balance + Decimal(5))
    assert run(3).clean  # reckoned from the last run that knew the balance
    assert Run.objects.count() == 4


def test_what_a_restored_backup_leaves_behind_is_found_as_a_loss(shop, sandbox, run, catalogue):
    run()
    order = shop.order(1, quantity=catalogue[1].max)
    # Yesterday's backup has never heard of the order; its customer's hold went with it.
    from wallet import ledger

    cost = order.cost
    order.events.all().delete()
    order.attempts.all().delete()
    hold = order.hold
    ledger.release(hold=hold, now=order.placed_at)
    Order.objects.filter(pk=order.pk).delete()
    hold.delete()
    (finding,) = run(1).findings
    assert (finding.kind, finding.amount) == ("LOSS", cost)


def test_only_one_run_is_needed_when_nothing_but_time_passed(run, sandbox, at, db):
    assert [reconcile(now=at(hours)).clean for hours in range(3)] == [True] * 3


def test_a_pay_back_that_the_vendor_books_a_little_later_is_no_loss(shop, sandbox, run, now):
    run()
    shop.numbers(2)
    # The vendor says that they are over, and its balance does not show it yet.
    Number.objects.update(state=sms_states.EXPIRED, finished_at=now)
    assert "balance:loss" not in {finding.key for finding in run(0.5).findings}
    assert "balance:loss" in {finding.key for finding in run(1.5).findings}
    Number.objects.update(state=sms_states.WAITING, finished_at=None)
