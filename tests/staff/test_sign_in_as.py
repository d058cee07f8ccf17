"""Staff look at the shop as a customer: only look, for half an hour, recorded, and never as staff."""

from datetime import timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts import sign_in_as
from accounts.models import User
from accounts.roles import FINANCE, SUPPORT
from core.models import StaffAct
from desk.models import Request
from orders.models import Order

pytestmark = pytest.mark.django_db


def clerk(role=SUPPORT):
    person = User.objects.create_user(f"{role.lower()}@example.com", "x", is_staff=True)
    person.groups.add(Group.objects.get_or_create(name=role)[0])
    client = Client()
    client.force_login(person)
    client.person = person
    return client


def begin(client, customer, reason="they see no orders"):
    return client.post(reverse("admin:accounts_user_sign_in_as", args=[customer.pk]), {"reason": reason})


@pytest.fixture
def support(customer):
    """A browser of support that looks as the customer."""
    client = clerk()
    assert begin(client, customer)["Location"] == reverse("front")
    return client


def said(customer):
    rows = StaffAct.objects.filter(table="accounts.user", row=str(customer.pk)).order_by("pk")
    return list(rows.values_list("actor__email", "said"))


def test_they_see_what_the_customer_sees_under_a_bar_that_ends_it_and_all_of_it_is_recorded(support, customer, make):
    order = make.placed()
    seen = customer.last_login
    page = support.get(reverse("orders:detail", args=[order.pk]))
    assert page.status_code == 200
    shown = page.content.decode()
    assert "You see the shop as" in shown
    assert customer.email in shown
    support.get(reverse("orders:detail", args=[order.pk]))
    ended = support.post(reverse("accounts:stop_looking"))
    assert ended["Location"] == reverse("admin:accounts_user_change", args=[customer.pk])
    assert support.get(reverse("orders:detail", args=[order.pk])).status_code == 404
    who = support.person.email
    assert said(customer) == [
        (who, "Signed in as this customer."),
        (who, f"Looked at /orders/{order.pk}/"),
        (who, "No longer signed in as this customer."),
    ]
    assert StaffAct.objects.order_by("pk").first().reason == "they see no orders"
    customer.refresh_from_db()
    assert customer.last_login == seen
    assert not UserSession.objects.filter(user=customer).exists()


def test_nothing_is_bought_changed_or_carried_away(support, customer, service, now):
    service_page = reverse("orders:service", args=[service.pk])
    assert support.get(service_page).status_code == 200
    for address in (
        service_page,
        reverse("orders:mass"),
        reverse("desk:new"),
        reverse("funds:add"),
        reverse("accounts:profile"),
        reverse("account_change_password"),
        reverse("privacy:delete"),
        reverse("api:keys"),
    ):
        answer = support.post(address, {"quantity": "1000", "link": "https://a.example"})
        assert answer.status_code == 403, address
    for name in (
        *("account_email", "account_change_password", "mfa_index", "mfa_view_recovery_codes", "accounts:sessions"),
        *("privacy:data", "privacy:copy", "api:keys", "api:webhooks", "orders:export", "wallet:statement_csv"),
    ):
        assert support.get(reverse(name)).status_code == 403, name
    assert "only looking" in support.get(reverse("mfa_index")).content.decode()
    assert not Order.objects.exists()


def test_what_looking_would_note_down_is_not_kept(support, customer, now):
    wish = Request.objects.create(customer=customer, kind="OTHER", subject="Hello", asked_at=now, unread=True)
    assert support.get(reverse("desk:request", args=[wish.pk])).status_code == 200
    wish.refresh_from_db()
    assert wish.unread


def test_the_admin_stays_their_own_meanwhile(support, customer):
    page = support.get(reverse("admin:accounts_user_change", args=[customer.pk]))
    assert page.status_code == 200
    assert page.wsgi_request.user == support.person


def test_it_ends_after_half_an_hour_and_with_the_right_and_says_so(support, customer, now):
    with time_machine.travel(now + sign_in_as.LONGEST + timedelta(minutes=1), tick=False):
        page = support.get(reverse("orders:list"), follow=True)
    assert page.wsgi_request.user == support.person
    assert "You are yourself again: the time is over." in page.content.decode()
    begin(support, customer)
    support.person.groups.clear()
    assert support.get(reverse("orders:list")).wsgi_request.user == support.person
    assert said(customer)[-1][1] == "No longer signed in as this customer: it is no longer allowed."


def test_no_page_is_looked_at_unseen_by_the_record(support, customer, make, monkeypatch):
    order = make.placed()
    detail = reverse("orders:detail", args=[order.pk])
    assert support.get(detail, headers={"HX-Request": "true"}).status_code in (200, 204)
    assert said(customer)[-1][1] == f"Looked at {detail}"
    monkeypatch.setattr(sign_in_as, "MOST_PAGES", 3)
    for address in (reverse("wallet:statement"), reverse("orders:list")):
        assert support.get(address).wsgi_request.user == customer
    page = support.get(reverse("front"), follow=True)
    assert page.wsgi_request.user == support.person
    assert "You are yourself again: it was long enough." in page.content.decode()


def test_nobody_without_the_right_and_nobody_as_staff_and_never_by_a_link(customer, operator, shopper):
    finance = clerk(FINANCE)
    assert begin(finance, customer).status_code == 403
    assert begin(shopper, customer)["Location"].startswith(reverse("admin:login"))
    support = clerk()
    page = reverse("admin:accounts_user_sign_in_as", args=[customer.pk])
    assert support.get(page).status_code == 200
    assert "Say why" in begin(support, customer, reason="").content.decode()
    assert "Nobody signs in as a member of staff." in begin(support, operator).content.decode()
    colleague = User.objects.create_user("colleague@example.com", "x", is_staff=True)
    assert "Nobody signs in as a member of staff." in begin(support, colleague).content.decode()
    assert support.get(reverse("orders:list")).wsgi_request.user == support.person
    assert not StaffAct.objects.exists()
    # Who becomes staff meanwhile is looked as no longer.
    begin(support, customer)
    User.objects.filter(pk=customer.pk).update(is_staff=True)
    assert support.get(reverse("orders:list")).wsgi_request.user == support.person
