"""An owner gives a role; support finds the money shut, suspends a customer, and looks at the shop as they do."""

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import expect

from accounts.models import Suspension, User
from accounts.roles import SUPPORT
from core.models import StaffAct
from tests.journeys.test_orders import accessible

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


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
