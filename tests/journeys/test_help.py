"""A customer asks for a replacement, an operator delivers again, and the customer sees it and was written to."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from catalog.models import Category, Service
from desk.models import Request
from notices.models import Notice
from orders import place, states
from orders.models import Order
from reseller.books import audit
from tests.journeys.test_orders import accessible
from wallet import ledger

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_a_bad_item_is_replaced_and_its_customer_is_told(stocked, page, customer, operator, signed_in):
    ledger.adjust(account=ledger.account_of(customer), amount=500, key="more", memo="more", now=timezone.now())
    Category.objects.update(warranty_days=7)
    product = Service.objects.get(upstream_id=7)
    order = place.order(customer=customer, service_id=product.pk, quantity=2, link="", now=timezone.now())
    stocked.wait_until(lambda: Order.objects.get(pk=order.pk).state == states.COMPLETED, "the delivery", seconds=60)

    signed_in(customer)
    page.goto(f"{stocked.url}/orders/{order.pk}/")
    expect(page.get_by_text("Warranty until")).to_be_visible()
    accessible(page)
    page.get_by_role("link", name="Ask for a replacement").click()
    accessible(page)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Enter the numbers of the bad items.")).to_be_visible()
    page.get_by_label("Which items").fill("2")
    page.get_by_label("What is wrong with them?").fill("The password is refused.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Waits for our answer")).to_be_visible()
    accessible(page)
    thread = page.url
    request = Request.objects.get()

    signed_in(operator)
    page.goto(f"{stocked.url}/admin/desk/request/{request.pk}/change/")
    expect(page.get_by_text("The password is refused.")).to_be_visible()
    page.get_by_role("link", name="Deliver again").first.click()
    expect(page.locator("[name=replaces]")).to_have_value("2")
    page.locator("[name=items]").fill("replacement@example.com:secret")
    page.locator("[name=reason]").fill("checked: the password was changed")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Deliver them").click()
    expect(page.get_by_text("is closed as done")).to_be_visible()

    signed_in(customer)
    page.goto(f"{stocked.url}/help/")
    expect(page.get_by_role("main").get_by_text("New", exact=True)).to_be_visible()
    accessible(page)
    page.goto(thread)
    expect(page.get_by_text("1 item was delivered again")).to_be_visible()
    accessible(page)
    page.get_by_role("link", name="see them in the order").click()
    page.get_by_role("button", name="Show items").click()
    expect(page.locator("#goods")).to_contain_text("replacement@example.com:secret")
    expect(page.locator("#goods")).to_contain_text("in place of 2")

    # What happens within a minute goes out together: here the minute is over.
    Notice.objects.update(due_at=timezone.now())
    stocked.wait_until(lambda: len(_letters(stocked, "is answered")) == 1, "the letter")
    [letter] = _letters(stocked, "is answered")
    assert f"/help/requests/{request.pk}/" in letter
    assert "secret" not in letter
    assert "List-Unsubscribe-Post" in letter
    assert audit().problems == []


def _letters(shop, words):
    """The letters whose subject has these words."""
    letters = [letter for text in shop.mails() for letter in text.split("-" * 79)]
    return [letter for letter in letters if any(words in line for line in letter.splitlines() if "Subject:" in line)]
