"""Suspension by degree: what it shuts, what it says, when it ends, and that what was bought before is finished."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import suspensions
from accounts.models import StaffNote, Suspension
from core.models import StaffAct
from orders import place, states
from orders.models import Order, Plan
from orders.plans import begin, run
from orders.settle import settle
from orders.verdict import ended
from reseller.books import audit
from sms import buy
from tests.accounts.test_log_ins import alive, log_in
from tests.admin.conftest import balance
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def shut(customer, operator, now):
    """`shut("PURCHASE")` suspends the customer."""

    def shut(degree, **more):
        return suspensions.suspend(
            customer=customer,
            degree=degree,
            **{"reason": "odd links", "told": "Write to us.", "operator": operator, "now": now, **more},
        )

    return shut


def test_a_customer_is_suspended_mid_order_and_the_order_is_finished_and_paid(desk, customer, make, secret, now):
    order = make.running(quantity=1000)
    browser = log_in(customer)
    assert alive(browser)
    typed = {"degree": "LOG_IN", "reason": "a stolen card", "told": "Your bank wrote to us."}
    page = reverse("admin:accounts_user_suspend", args=[customer.pk])
    assert "No money moves" in desk.get(page).content.decode()
    assert desk.post(page, typed).status_code == 302
    assert not alive(browser)
    again = Client().post(reverse("account_login"), {"login": customer.email, "password": PASSWORD})
    assert again.status_code == 403
    assert "Your bank wrote to us." in again.content.decode()
    asked = Client().post("/api/v2", {"key": secret, "action": "balance"}).json()
    assert "Your bank wrote to us." in asked["error"]

    settle(order_id=order.pk, verdict=ended(1000, 400), now=now)
    order.refresh_from_db()
    assert order.state == states.PARTIAL
    account = balance(customer)
    assert (account.balance, account.held) == (50 - order.hold.__class__.objects.get(pk=order.hold_id).captured, 0)
    assert audit().problems == []
    act = StaffAct.objects.order_by("-pk").first()
    assert (act.table, act.row, act.reason) == ("accounts.user", str(customer.pk), "a stolen card")


def test_whoever_may_not_buy_buys_on_no_page_and_by_no_program(shut, shopper, customer, service, project, secret, now):
    shut("PURCHASE")
    order = {"service_id": service.pk, "quantity": 1000, "link": "https://a.example", "now": now}
    with pytest.raises(place.NotNow, match=r"Write to us\."):
        place.order(customer=customer, **order)
    with pytest.raises(place.NotNow):
        begin.plan(customer=customer, runs=2, interval=5, **order)
    with pytest.raises(buy.NotNow):
        buy.numbers(customer=customer, project_id=project.pk, quantity=1, now=now)
    asked = {"key": secret, "action": "add", "service": service.pk, "quantity": 1000, "link": "https://a.example"}
    for path in ("/api/v2", "/api/v2/panel"):
        answer = Client().post(path, asked).json()
        assert answer["error"].startswith("Buying is suspended for your account. Write to us."), path
    bot = {"api_key": secret, "action": "getNumber", "service": "xx", "country": "0"}
    assert Client().get("/stubs/handler_api.php", bot).content.decode() in ("BAD_SERVICE", "ACCOUNT_INACTIVE")
    page = reverse("orders:service", args=[service.pk])
    form = shopper.get(page).context["form"]
    typed = {name: form[name].value() or "" for name in form.fields}
    answer = shopper.post(page, {**typed, "quantity": "1000", "link": "https://a.example"})
    assert "Buying is suspended" in answer.content.decode()
    assert 'value="https://a.example"' in answer.content.decode()
    assert not Order.objects.exists()
    assert balance(customer).held == 0
    assert shopper.get(reverse("wallet:statement")).status_code == 200


def test_each_degree_shuts_no_more_than_it_says(shut, customer, service, secret, now):
    one = shut("API", told="", ends_at=now + timedelta(hours=1))
    asked = Client().post("/api/v2", {"key": secret, "action": "balance"}).json()
    assert asked["error"].startswith("The API is suspended for your account. It ends at ")
    bot = Client().get("/stubs/handler_api.php", {"api_key": secret, "action": "getBalance"}).content.decode()
    assert bot == f"BANNED:{one.ends_at:%Y-%m-%d %H-%M-%S}"
    assert alive(log_in(customer))
    place.order(customer=customer, service_id=service.pk, quantity=1000, link="https://a.example", now=now)
    suspensions.lift(suspension=one, operator=None, now=now)
    shut("PURCHASE")
    assert "balance" in Client().post("/api/v2", {"key": secret, "action": "balance"}).json()
    assert alive(log_in(customer))


def test_it_ends_by_itself_when_it_is_lifted_and_when_a_newer_one_takes_its_place(shut, customer, operator, now):
    shut("PURCHASE", ends_at=now + timedelta(hours=1))
    found = suspensions.found(customer.pk, suspensions.PURCHASE, now=now)
    assert found is not None
    assert suspensions.found(customer.pk, suspensions.PURCHASE, now=now + timedelta(hours=2)) is None
    newer = shut("PURCHASE")
    assert suspensions.found(customer.pk, suspensions.PURCHASE, now=now + timedelta(days=900)) == newer
    assert suspensions.lift(suspension=newer, operator=operator, now=now)
    assert not suspensions.lift(suspension=newer, operator=operator, now=now)
    assert suspensions.found(customer.pk, suspensions.PURCHASE, now=now) is None
    assert Suspension.objects.filter(customer=customer).count() == 2


def test_the_end_is_recorded_in_utc_wherever_the_operator_is(desk, operator, customer):
    operator.time_zone = "Asia/Shanghai"
    operator.save()
    page = reverse("admin:accounts_user_suspend", args=[customer.pk])
    typed = {"degree": "PURCHASE", "reason": "x", "ends_at_0": "2099-01-31", "ends_at_1": "06:30"}
    assert desk.post(page, typed).status_code == 302
    assert f"{Suspension.objects.get().ends_at:%Y-%m-%d %H:%M}" == "2099-01-30 22:30"
    assert "until 2099-01-30 22:30 UTC" in StaffAct.objects.first().said


def test_a_new_password_by_e_mail_lets_no_suspended_customer_in(shut, customer, mailoutbox):
    shut("LOG_IN")
    browser = Client()
    browser.post(reverse("account_reset_password"), {"email": customer.email})
    (link,) = re.findall(r"https?://[^/]+(/accounts/password/reset/key/\S+)", mailoutbox[-1].body)
    form = browser.get(link, follow=True)
    word = "another long passphrase"
    browser.post(form.redirect_chain[-1][0], {"password1": word, "password2": word})
    customer.refresh_from_db()
    assert customer.check_password(word)
    assert not alive(browser)
    answer = browser.post(reverse("account_login"), {"login": customer.email, "password": word})
    assert answer.status_code == 403
    assert not alive(browser)


def test_staff_are_not_suspended_and_nobody_until_yesterday(shut, operator, now):
    with pytest.raises(suspensions.CantSuspend):
        suspensions.suspend(customer=operator, degree="LOG_IN", reason="x", operator=operator, now=now)
    with pytest.raises(suspensions.CantSuspend):
        shut("API", ends_at=now - timedelta(days=1))
    assert not Suspension.objects.exists()


def test_a_session_that_outlived_the_log_out_opens_nothing(shut, shopper, customer):
    page = reverse("orders:list")
    assert shopper.get(page).status_code == 200  # a session without allauth's row of it
    shut("LOG_IN")
    assert shopper.get(page).status_code == 302


@pytest.fixture
def plan(customer, service, now):
    """Two runs that are paid for; the first is due in an hour."""
    return begin.plan(
        customer=customer,
        service_id=service.pk,
        quantity=1000,
        link="https://a.example",
        runs=2,
        interval=60,
        start_at=now + timedelta(hours=1),
        now=now,
    )


def test_runs_of_a_plan_wait_and_the_plan_ends_after_a_day_with_its_money_free(shut, plan, customer, now):
    shut("PURCHASE")
    due = now + timedelta(hours=2)
    assert run.run(plan_id=plan.pk, now=due) is None
    plan.refresh_from_db()
    assert (plan.state, plan.placed) == (Plan.State.ACTIVE, 0)
    for later in (due + timedelta(minutes=5), due + timedelta(days=1, hours=1)):
        run.run(plan_id=plan.pk, now=later)
    plan.refresh_from_db()
    assert plan.state not in (Plan.State.ACTIVE, Plan.State.PAUSED)
    assert balance(customer).held == 0


def test_the_plan_of_a_closed_account_buys_nothing_more_and_its_money_comes_free(plan, customer, now):
    customer.is_active = False
    customer.save()
    due = now + timedelta(hours=2)
    for later in (due, due + timedelta(minutes=5), due + timedelta(days=1, hours=1)):
        assert run.run(plan_id=plan.pk, now=later) is None
    plan.refresh_from_db()
    assert (plan.state, plan.placed) == (Plan.State.STOPPED, 0)
    assert not Order.objects.exists()
    assert balance(customer).held == 0
    assert audit().problems == []


def test_the_customers_page_shows_it_and_lifts_it_and_keeps_notes_that_the_customer_never_sees(
    desk, shopper, customer, shut
):
    one = shut("PURCHASE")
    page = reverse("admin:accounts_user_change", args=[customer.pk])
    assert "odd links" in desk.get(page).content.decode()
    assert customer.email in desk.get(reverse("admin:accounts_user_changelist") + "?suspended=any").content.decode()
    note = reverse("admin:accounts_user_write_note", args=[customer.pk])
    assert "Write what the next one should know." in desk.post(note, {"text": " "}).content.decode()
    desk.post(note, {"text": "Called twice.\n<b>Angry</b>"})
    shown = desk.get(page).content.decode()
    assert "Called twice." in shown
    assert "<b>Angry</b>" not in shown
    for path in ("accounts:profile", "privacy:data", "wallet:statement"):
        assert "Called twice." not in shopper.get(reverse(path)).content.decode()
    desk.post(reverse("admin:accounts_suspension_lift", args=[one.pk]), {"reason": "it was a mistake"})
    assert suspensions.found(customer.pk, suspensions.PURCHASE, now=timezone.now()) is None
    assert StaffNote.objects.get().author.email == "operator@example.com"
