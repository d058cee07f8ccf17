"""Support looks after customers, finds the money shut, looks at the shop as they do; a customer suspended mid-order."""

import re
import uuid

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Suspension, User
from accounts.roles import SUPPORT
from catalog.models import Service
from core.models import StaffAct
from orders import place, states
from orders.models import Order
from reseller.books import audit
from tests.conftest import PASSWORD
from tests.journeys.test_operator_orders import state
from tests.journeys.test_orders import accessible
from wallet import ledger

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def log_in(page, shop, person, to):
    """By the form, as people do: it leaves a session that can be ended."""
    page.goto(f"{shop.url}/accounts/login/?next={to}")
    page.locator("[name=login]").fill(person.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()


def test_support_looks_after_customers_and_not_after_money(shop, page, customer, signed_in):
    clerk = User.objects.create_user("clerk@example.com", "x", is_staff=True)
    clerk.groups.add(Group.objects.get_or_create(name=SUPPORT)[0])
    signed_in(clerk)

    page.goto(f"{shop.url}/admin/")
    expect(page.get_by_role("link", name="Customers and operators")).to_be_visible()
    expect(page.get_by_role("link", name="Transfers")).to_have_count(0)
    assert page.request.get(f"{shop.url}/admin/wallet/transfer/").status == 403

    page.goto(f"{shop.url}/admin/accounts/user/{customer.pk}/change/")
    page.get_by_role("link", name="Sign in as").click()
    page.locator("[name=reason]").fill("they see no orders")
    page.get_by_role("button", name="Sign in as this customer").click()
    expect(page.get_by_text("You see the shop as")).to_be_visible()
    page.goto(f"{shop.url}/wallet/")
    expect(page.get_by_role("main").get_by_text("$50.00").first).to_be_visible()
    accessible(page)
    assert page.request.get(f"{shop.url}/account/profile").status == 403
    page.get_by_role("button", name="End", exact=True).click()

    page.get_by_role("link", name="Suspend").click()
    page.get_by_label("No purchase, on the pages or by the API").check()
    page.locator("[name=reason]").fill("odd links")
    page.locator("[name=told]").fill("Write to us.")
    page.get_by_role("button", name="Suspend the customer").click()
    expect(page.get_by_text("odd links")).to_be_visible()
    assert Suspension.objects.get().begun_by == clerk
    assert StaffAct.objects.filter(actor=clerk, said__startswith="Suspend").exists()


def test_a_customer_is_suspended_mid_order_and_the_order_goes_on_to_its_end(
    stocked, sandbox, page, browser, customer, operator, signed_in
):
    sandbox.plan(service=1, behaviour="partial", seconds=100_000)
    service = Service.objects.get(upstream_id=1)
    # A browser of the customer's own, logged in as one is.
    theirs = browser.new_context().new_page()
    log_in(theirs, stocked, customer, f"/services/{service.pk}/")
    theirs.get_by_label("Link").fill("https://instagram.com/somebody")
    theirs.get_by_label("Quantity").fill("1000")
    theirs.get_by_role("button", name="Place order").click()
    expect(theirs.locator("#order")).to_be_visible()
    order = Order.objects.get()
    stocked.wait_until(lambda: state(order) == states.RUNNING, "the vendor's yes", seconds=60)

    signed_in(operator)
    page.goto(f"{stocked.url}/admin/orders/order/{order.pk}/change/")
    page.get_by_role("link", name=customer.email).first.click()
    page.get_by_role("link", name="Suspend").click()
    expect(page.get_by_text("go on to their end and are credited as always")).to_be_visible()
    page.get_by_label("No log-in").check()
    page.locator("[name=reason]").fill("a stolen card")
    page.locator("[name=told]").fill("Your bank wrote to us.")
    accessible(page)
    page.get_by_role("button", name="Suspend the customer").click()
    expect(page.get_by_text("No money moved.")).to_be_visible()

    theirs.goto(f"{stocked.url}/orders/{order.pk}/")
    expect(theirs).to_have_url(re.compile("/accounts/login/"))
    log_in(theirs, stocked, customer, f"/orders/{order.pk}/")
    expect(theirs.get_by_text("Your bank wrote to us.")).to_be_visible()
    assert state(order) == states.RUNNING

    sandbox.advance(100_000)
    stocked.wait_until(lambda: state(order) == states.PARTIAL, "the end", seconds=90)
    order.hold.refresh_from_db()
    account = ledger.account_of(customer)
    account.refresh_from_db()
    assert 0 < order.hold.captured < order.charge
    assert (account.balance, account.held) == (50 - order.hold.captured, 0)

    page.get_by_role("link", name="No log-in").click()
    page.get_by_role("link", name="Lift").click()
    page.locator("[name=reason]").fill("it was a mistake of the bank")
    page.get_by_role("button", name="Lift the suspension").click()
    expect(page.get_by_text("The suspension is lifted.")).to_be_visible()
    log_in(theirs, stocked, customer, f"/orders/{order.pk}/")
    expect(theirs.locator("#order").get_by_text("Partial", exact=True)).to_be_visible()
    theirs.context.close()
    assert audit().problems == []


def test_support_is_refused_the_finance_pages_by_what_it_sees_and_by_address(stocked, page, customer, signed_in):
    clerk = User.objects.create_user("clerk@example.com", "x", is_staff=True)
    clerk.groups.add(Group.objects.get_or_create(name=SUPPORT)[0])
    order = place.order(
        customer=customer,
        service_id=Service.objects.get(upstream_id=1).pk,
        quantity=1000,
        link="https://instagram.com/somebody",
        now=timezone.now(),
    )
    stocked.wait_until(lambda: state(order) == states.COMPLETED, "the end", seconds=90)
    signed_in(clerk)

    page.goto(f"{stocked.url}/admin/")
    for title in ("Transfers", "Holds", "Profit", "Top-ups", "Vouchers", "Mark-up rules", "Staff"):
        expect(page.get_by_role("link", name=title, exact=True)).to_have_count(0)
    page.goto(f"{stocked.url}/admin/orders/order/{order.pk}/change/")
    expect(page.get_by_role("heading", name="Money")).to_be_visible()
    for act in ("Refund", "Cancel: all the money back", "End by hand"):
        expect(page.get_by_role("link", name=act, exact=True)).to_have_count(0)
    page.goto(f"{stocked.url}/admin/accounts/user/{customer.pk}/change/")
    expect(page.get_by_role("link", name="Suspend")).to_be_visible()
    expect(page.get_by_role("link", name="Adjust balance")).to_have_count(0)

    for address in (
        *("wallet/transfer/", "wallet/hold/", f"wallet/hold/{order.hold_id}/change/", "funds/topup/", "funds/voucher/"),
        *("books/day/", "books/day/profit/", "books/day/profit/?format=csv", "books/day/month/", "books/day/files/"),
        *("books/day/files/?what=transfers&form=csv&since=2026-01-01&until=2026-12-31", "reconcile/finding/"),
        *(f"wallet/account/adjust/{customer.pk}/", f"orders/order/{order.pk}/refund/", "core/staffact/"),
    ):
        assert page.request.get(f"{stocked.url}/admin/{address}").status == 403, address
    # The page of an address that is refused is the shop's own.
    refused = page.context.new_page()
    refused.goto(f"{stocked.url}/admin/wallet/transfer/")
    expect(refused.get_by_role("heading", level=1)).to_be_visible()
    refused.close()
    # Its own token, so that nothing but the right is missing.
    page.goto(f"{stocked.url}/admin/accounts/user/{customer.pk}/suspend/")
    token = page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    for address, form in (
        (f"wallet/account/adjust/{customer.pk}/", {"amount": "5"}),
        (f"orders/order/{order.pk}/refund/", {"amount": f"{order.charge:f}"}),
    ):
        sent = {"csrfmiddlewaretoken": token, "reason": "x", "key": f"{uuid.uuid4()}", "confirmed": "1", **form}
        answer = page.request.post(f"{stocked.url}/admin/{address}", form=sent, headers={"Referer": stocked.url})
        assert answer.status == 403, address
        # The shop's page for what somebody may not do, not that for a form without its token.
        assert "This page is not open to you" in answer.text()
    account = ledger.account_of(customer)
    account.refresh_from_db()
    assert account.balance == 50 - order.charge
    assert audit().problems == []
