"""Drip-feed and planned orders: the money of what is left, the pace of the runs, and every way they end."""

import contextlib
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from catalog.models import Category, Service
from orders import audit as orders_audit
from orders import settle, states, submit
from orders.models import Order, Plan
from orders.place import CantPlace, PriceChanged
from orders.plans import begin, pause, run, stop
from orders.plans.shown import figures
from orders.verdict import ended
from orders.withdraw import withdraw
from reconcile.holds import look
from reseller.books import audit
from tests.examples import examples
from wallet import ledger
from wallet.models import Hold

pytestmark = pytest.mark.django_db
LINK = "https://instagram.com/name"


@pytest.fixture(autouse=True)
def _books(request):
    yield
    if "db" in request.fixturenames:
        assert audit().problems == []
        assert list(look(None, timezone.now())) == []


@pytest.fixture
def plan(catalogue, rich, now):
    """`plan(runs=3, interval=10)` begins a plan of the cheapest social service."""

    def plan(runs=3, interval=10, **more):
        service = next(each for each in catalogue.values() if not each.is_product)
        wish = {"customer": rich, "service_id": service.pk, "quantity": service.min, "link": LINK, "now": now}
        return begin.plan(**wish | {"runs": runs, "interval": interval} | more)

    return plan


def held(customer):
    account = ledger.account_of(customer)
    account.refresh_from_db()
    return account.held


def send(order, now):
    """Have the order accepted by the vendor at the moment `now`."""
    go_out(order)
    Order.objects.filter(pk=order.pk).update(accepted_at=now)


def go_out(order):
    """Have it sent, whenever it was placed: these tests run ahead of the clock."""
    Order.objects.filter(pk=order.pk).update(not_before=timezone.now())
    submit.submit(order_id=order.pk)


def deliver(order, now, remains=0):
    order.refresh_from_db()
    verdict = ended(order.quantity, order.quantity - remains)
    return settle.settle(order_id=order.pk, verdict=verdict, now=now)


def refuse(order, now):
    """Have the vendor say no to the order's link."""
    submit.reject(order, Order.Reason.BAD_LINK, now)
    order.state = states.REJECTED
    order.save()


class TestMoney:
    def test_all_of_it_is_set_aside_at_once_and_the_first_run_goes_out(self, plan, rich):
        made = plan(runs=3)
        order = made.orders.get()
        assert (order.run, order.state, order.charge) == (1, states.PLACED, made.charge)
        assert held(rich) == made.charge * 3
        made.hold.refresh_from_db()
        assert (made.hold.amount, made.placed) == (made.charge * 2, 1)

    def test_what_does_not_fit_the_balance_is_not_begun(self, plan, customer, stranger):
        with pytest.raises(ledger.InsufficientFunds):
            plan(customer=stranger, runs=1000)
        assert not Plan.objects.exists()
        assert not Order.objects.exists()

    def test_the_last_run_takes_the_rest_and_ends_it(self, plan, rich, now, sandbox):
        made = plan(runs=2)
        send(made.orders.get(), now)
        assert run.run_due(now=now + timedelta(minutes=11)) == 1
        made.refresh_from_db()
        made.hold.refresh_from_db()
        assert (made.state, made.placed, made.hold.state) == (Plan.State.DONE, 2, Hold.State.RELEASED)
        assert held(rich) == made.charge * 2
        for order in made.orders.all():
            send(order, now)
            deliver(order, now)
        assert held(rich) == 0
        assert figures([made])[made.pk].charge == made.charge * 2

    def test_a_price_that_rises_later_is_the_shops_affair(self, plan, now, sandbox):
        made = plan(runs=2)
        send(made.orders.get(), now)
        Service.objects.filter(pk=made.service_id).update(price=made.price * 3)
        run.run_due(now=now + timedelta(minutes=11))
        second = made.orders.get(run=2)
        assert (second.charge, second.price) == (made.charge, made.price)

    def test_a_run_that_costs_more_than_it_earns_is_held_back_and_the_next_ones_wait(self, plan, now, sandbox):
        made = plan(runs=3)
        send(made.orders.get(), now)
        Service.objects.filter(pk=made.service_id).update(rate=made.price * 2, price=made.price * 3)
        run.run_due(now=now + timedelta(minutes=11))
        second = made.orders.get(run=2)
        go_out(second)
        second.refresh_from_db()
        assert (second.state, second.below_cost) == (states.PLACED, "HELD")
        run.run_due(now=now + timedelta(minutes=30))
        assert made.orders.count() == 2

    def test_a_higher_price_than_the_one_shown_is_asked_about(self, plan, catalogue):
        with pytest.raises(PriceChanged):
            plan(shown_price=Decimal("0.000001"))
        assert not Plan.objects.exists()


class TestPace:
    def test_the_next_run_comes_when_its_time_has_come_and_not_before(self, plan, now, sandbox):
        made = plan(runs=3, interval=10)
        send(made.orders.get(), now)
        assert run.run_due(now=now + timedelta(minutes=9)) == 0
        run.run_due(now=now + timedelta(minutes=10))
        run.run_due(now=now + timedelta(minutes=10))
        assert made.orders.count() == 2

    def test_runs_do_not_pile_up_behind_one_that_has_not_gone_out(self, plan, now):
        made = plan(runs=3, interval=10)
        for minutes in (10, 20, 30, 60):
            run.run_due(now=now + timedelta(minutes=minutes))
        made.refresh_from_db()
        assert made.orders.count() == 1
        assert made.waits_since == now + timedelta(minutes=10)

    def test_after_an_outage_they_do_not_burst_out(self, plan, now, sandbox):
        made = plan(runs=3, interval=10)
        late = now + timedelta(minutes=55)
        run.run_due(now=late)
        send(made.orders.get(), late)
        run.run_due(now=late + timedelta(minutes=2))
        assert made.orders.count() == 1
        run.run_due(now=late + timedelta(minutes=10))
        made.refresh_from_db()
        assert made.orders.count() == 2
        assert made.waits_since is None

    def test_a_plan_for_later_places_nothing_before(self, plan, rich, now):
        start = now + timedelta(days=2)
        made = plan(runs=1, interval=0, start_at=start)
        assert made.orders.count() == 0
        assert held(rich) == made.charge
        run.run_due(now=start - timedelta(seconds=1))
        assert made.orders.count() == 0
        run.run_due(now=start)
        made.refresh_from_db()
        assert (made.orders.count(), made.state) == (1, Plan.State.DONE)

    def test_one_that_breaks_keeps_nobody_back(self, plan, now, sandbox):
        broken, whole = plan(runs=2), plan(runs=2)
        for made in (broken, whole):
            send(made.orders.get(), now)
        ledger.release(hold=broken.hold, now=now)
        run.run_due(now=now + timedelta(minutes=10))
        assert (broken.orders.count(), whole.orders.count()) == (1, 2)
        assert any("plan" in problem for problem in orders_audit.problems())
        Plan.objects.filter(pk=broken.pk).update(
            state=Plan.State.STOPPED, next_run_at=None, finished_at=now, reason="BY_OPERATOR"
        )

    def test_an_hour_of_sweeps_by_two_workers_places_each_run_once(self, plan, now, sandbox):
        made = plan(runs=4, interval=1)
        for seconds in range(0, 600, 20):
            at = now + timedelta(seconds=seconds)
            for order in Order.objects.filter(state=states.PLACED):
                send(order, at)
            run.run_due(now=at)
            run.run(plan_id=made.pk, now=at)
        assert [order.run for order in made.orders.order_by("run")] == [1, 2, 3, 4]


class TestEnds:
    def test_stopping_frees_what_was_not_placed_and_leaves_the_rest_running(self, plan, rich, now, sandbox):
        made = plan(runs=3)
        send(made.orders.get(), now)
        stopped = stop.stop(plan_id=made.pk, reason=Plan.Reason.BY_CUSTOMER, customer=rich, now=now)
        assert (stopped.state, held(rich)) == (Plan.State.STOPPED, made.charge)
        run.run_due(now=now + timedelta(minutes=30))
        assert made.orders.get().state == states.RUNNING
        with pytest.raises(stop.CantChange):
            stop.stop(plan_id=made.pk, reason=Plan.Reason.BY_CUSTOMER, now=now)

    def test_a_refused_run_ends_it(self, plan, rich, now, sandbox):
        made = plan(runs=3)
        refuse(made.orders.get(), now)
        run.run_due(now=now + timedelta(minutes=10))
        made.refresh_from_db()
        assert (made.state, made.reason, held(rich)) == (Plan.State.STOPPED, Plan.Reason.REFUSED, 0)

    def test_one_run_withdrawn_or_canceled_does_not(self, plan, rich, now):
        made = plan(runs=3)
        assert withdraw(order_id=made.orders.get().pk, customer=rich, now=now)
        run.run_due(now=now + timedelta(minutes=10))
        assert made.orders.count() == 2

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"state": "WITHDRAWN"}, Plan.Reason.SERVICE_GONE),
            ({"hidden": True}, Plan.Reason.SERVICE_GONE),
            ({"min": 10**9, "max": 10**9}, Plan.Reason.BAD_QUANTITY),
        ],
    )
    def test_a_service_that_can_not_be_ordered_any_more_ends_it(self, plan, rich, now, sandbox, change, reason):
        made = plan(runs=3)
        send(made.orders.get(), now)
        Service.objects.filter(pk=made.service_id).update(**change)
        run.run_due(now=now + timedelta(minutes=10))
        made.refresh_from_db()
        assert (made.state, made.reason, held(rich)) == (Plan.State.STOPPED, reason, made.charge)

    @pytest.mark.parametrize("change", [{"state": "SUSPENDED"}, {"stock": 0}])
    def test_what_may_pass_is_waited_for_but_not_for_ever(self, plan, rich, now, sandbox, change):
        made = plan(runs=3)
        send(made.orders.get(), now)
        Service.objects.filter(pk=made.service_id).update(**change)
        due = now + timedelta(minutes=10)
        run.run_due(now=due)
        made.refresh_from_db()
        assert (made.state, made.waits_since, made.next_run_at) == (Plan.State.ACTIVE, due, due + run.AGAIN)
        run.run_due(now=due + timedelta(hours=25))
        made.refresh_from_db()
        assert (made.state, made.reason, held(rich)) == (Plan.State.STOPPED, Plan.Reason.WAITED, made.charge)

    def test_a_paused_plan_places_nothing_and_keeps_its_money(self, plan, rich, now, sandbox):
        made = plan(runs=2)
        send(made.orders.get(), now)
        pause.pause(plan_id=made.pk, customer=rich, now=now)
        run.run_due(now=now + timedelta(hours=3))
        assert (made.orders.count(), held(rich)) == (1, made.charge * 2)
        later = now + timedelta(hours=4)
        pause.go_on(plan_id=made.pk, customer=rich, now=later)
        run.run_due(now=later)
        assert made.orders.count() == 2

    def test_nobody_elses_plan_can_be_touched(self, plan, stranger, now):
        made = plan()
        for act in (pause.pause, pause.go_on):
            with pytest.raises(Plan.DoesNotExist):
                act(plan_id=made.pk, customer=stranger, now=now)
        with pytest.raises(Plan.DoesNotExist):
            stop.stop(plan_id=made.pk, reason=Plan.Reason.BY_CUSTOMER, customer=stranger, now=now)


class TestWishes:
    def test_the_same_key_again_is_the_same_plan(self, plan, rich):
        assert plan(form_key="k") == plan(form_key="k")
        assert (Plan.objects.count(), Order.objects.count()) == (1, 1)

    def test_another_wish_under_the_same_key_is_refused(self, plan, placed):
        plan(form_key="k")
        for other in ({"runs": 4}, {"interval": 11}, {"link": "https://instagram.com/other"}):
            with pytest.raises(CantPlace):
                plan(form_key="k", **other)
        with pytest.raises(CantPlace):
            placed(Order.objects.get().service.upstream_id, form_key="k")
        placed(Order.objects.get().service.upstream_id, form_key="single")
        with pytest.raises(CantPlace):
            plan(form_key="single")

    @pytest.mark.parametrize(
        ("wish", "field"),
        [
            ({"runs": 0}, "runs"),
            ({"runs": 1}, "runs"),
            ({"runs": 1001}, "runs"),
            ({"interval": 0}, "interval"),
            ({"interval": 10_081}, "interval"),
            ({"start_at": timezone.now() + timedelta(days=91)}, "start_at"),
            ({"quantity": 0}, "quantity"),
            ({"link": "no link"}, "link"),
        ],
    )
    def test_what_makes_no_sense_is_said_beside_its_field(self, plan, wish, field):
        with pytest.raises(CantPlace) as refused:
            plan(**wish)
        assert field in refused.value.errors
        assert not Plan.objects.exists()

    def test_products_are_not_dripped(self, plan, catalogue):
        product = next(each for each in catalogue.values() if each.is_product)
        with pytest.raises(CantPlace):
            plan(service_id=product.pk, quantity=product.min)


class TestPages:
    @pytest.fixture
    def web(self, rich):
        web = Client()
        web.force_login(rich)
        return web

    def sent(self, web, service, **more):
        page = web.get(reverse("orders:service", args=[service.pk]))
        form = page.context["form"]
        given = {name: form[name].value() or "" for name in form.fields}
        return given | {"quantity": service.min, "link": LINK} | more

    def test_the_form_makes_a_plan_once(self, web, catalogue, rich):
        service = catalogue[1]
        given = self.sent(web, service, runs="3", interval="15")
        for _ in range(2):
            answer = web.post(reverse("orders:service", args=[service.pk]), given)
            made = Plan.objects.get()
            assert answer["Location"] == reverse("orders:plan", args=[made.pk])
        assert (made.runs, made.interval, made.placed) == (3, 15, 1)
        page = web.get(answer["Location"]).content.decode()
        assert "1 of 3 placed" in page

    def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(self, web, catalogue):
        service = catalogue[1]
        given = self.sent(web, service, runs="3", interval="")
        answer = web.post(reverse("orders:service", args=[service.pk]), given)
        assert answer.status_code == 422
        assert answer.context["form"]["interval"].errors
        assert answer.context["form"]["runs"].value() == "3"
        assert answer.context["charge"] == answer.context["service"].price * 3 * service.min / service.unit
        assert not Plan.objects.exists()

    def test_a_start_is_in_the_readers_zone(self, web, catalogue, rich):
        rich.time_zone = "Asia/Shanghai"
        rich.save()
        day = timezone.now() + timedelta(days=3)
        given = self.sent(web, catalogue[1], start_at=f"{day:%Y-%m-%d}T20:00")
        web.post(reverse("orders:service", args=[catalogue[1].pk]), given)
        assert f"{Plan.objects.get().next_run_at:%Y-%m-%d %H:%M %z}" == f"{day:%Y-%m-%d} 12:00 +0000"

    def test_pausing_going_on_and_stopping_need_a_post_and_ones_own_plan(self, web, plan, stranger, client):
        made = plan()
        url = reverse("orders:change_plan", args=[made.pk, "stop"])
        assert web.get(url).status_code == 405
        client.force_login(stranger)
        assert client.post(url).status_code == 404
        assert client.get(reverse("orders:plan", args=[made.pk])).status_code == 404
        assert web.post(reverse("orders:change_plan", args=[made.pk, "delete"])).status_code == 404
        for act, state in (("pause", "PAUSED"), ("go-on", "ACTIVE"), ("stop", "STOPPED"), ("stop", "STOPPED")):
            web.post(reverse("orders:change_plan", args=[made.pk, act]))
            made.refresh_from_db()
            assert made.state == state

    def test_a_page_that_knows_the_newest_gets_nothing(self, web, plan, now, sandbox):
        made = plan()
        url = reverse("orders:plan", args=[made.pk])
        version = web.get(url).context["version"]
        assert web.get(url, {"since": version}, headers={"HX-Request": "true"}).status_code == 204
        send(made.orders.get(), now)
        assert web.get(url, {"since": version}, headers={"HX-Request": "true"}).status_code == 200

    def test_pages_ask_as_often_for_many_runs_as_for_few(self, web, plan, now, django_assert_max_num_queries, sandbox):
        made = plan(runs=5, interval=1)
        for minute in range(12):
            at = now + timedelta(minutes=minute)
            for order in Order.objects.filter(state=states.PLACED):
                send(order, at)
            run.run_due(now=at)
        assert made.orders.count() == 5
        for _ in range(8):
            plan()
        web.get(reverse("orders:plans"))
        with django_assert_max_num_queries(9):
            web.get(reverse("orders:plan", args=[made.pk]))
        with django_assert_max_num_queries(7):
            assert len(web.get(reverse("orders:plans")).context["rows"]) == 9


class TestWhatever(TestCase):
    """Whatever happens to runs and plan, what was set aside is paid, free or still set aside."""

    @settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        runs=st.integers(2, 5),
        steps=st.lists(
            st.sampled_from(["due", "accept", "deliver", "part", "reject", "withdraw", "pause", "go on", "stop"]),
            max_size=14,
        ),
    )
    def test_the_books_hold_and_nothing_is_charged_twice(self, runs, steps):
        from accounts.models import User

        now = timezone.now()
        customer = User.objects.create_user("drip@example.com")
        account = ledger.account_of(customer)
        ledger.deposit(account=account, amount=Decimal(100), key="d", now=now)
        category = Category.objects.create(name="c")
        service = Service.objects.create(
            upstream_id=1, name="s", entity="SMM", category=category, rate=Decimal("0.9"), price=Decimal("1.3"),
            unit=1000, min=100, max=100_000, search_text="s", first_seen_at=now, changed_at=now,
        )  # fmt: skip
        plan = begin.plan(
            customer=customer, service_id=service.pk, quantity=777, link=LINK, runs=runs, interval=1, now=now
        )
        for number, step in enumerate(steps):
            now += timedelta(minutes=2)
            last = plan.orders.order_by("-run").first()
            plan.refresh_from_db()
            if step == "due":
                run.run_due(now=now)
            elif step == "accept" and last.state == states.PLACED:
                Order.objects.filter(pk=last.pk).update(
                    state=states.RUNNING, upstream_id=number + 1, accepted_at=now, next_poll_at=now
                )
            elif step in ("deliver", "part") and last.state == states.RUNNING:
                deliver(last, now, remains=0 if step == "deliver" else 300)
            elif step == "reject" and last.state == states.PLACED:
                refuse(last, now)
            elif step == "withdraw":
                withdraw(order_id=last.pk, customer=customer, now=now)
            elif step in ("pause", "go on", "stop"):
                act = {
                    "pause": pause.pause,
                    "go on": pause.go_on,
                    "stop": lambda **given: stop.stop(reason=Plan.Reason.BY_CUSTOMER, **given),
                }[step]
                with contextlib.suppress(stop.CantChange):
                    act(plan_id=plan.pk, now=now)
            assert audit().problems == []
        plan.refresh_from_db()
        account.refresh_from_db()
        paid = Decimal(100) - account.balance
        charge = figures([plan])[plan.pk].charge
        open_charges = sum((order.charge for order in plan.orders.filter(state__in=states.OPEN)), Decimal(0)) + (
            plan.charge * plan.left if plan.is_open else 0
        )
        assert paid + account.held == charge
        assert account.held == open_charges
        assert paid <= plan.total
