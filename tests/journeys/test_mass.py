"""Many orders pasted at once, two of them wrong, in a real browser."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from catalog.models import Service
from core.money import show
from core.templatetags.shop import usd_at_a_glance
from orders import states
from orders.models import Order
from reseller.books import audit
from tests.journeys.test_orders import PATIENCE, accessible
from wallet import ledger

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def buyer(stocked, customer, signed_in):
    ledger.adjust(account=ledger.account_of(customer), amount=500, key="more", memo="more", now=timezone.now())
    signed_in(customer)
    return customer


def test_good_lines_are_delivered_and_bad_ones_stay_with_their_reason(stocked, sandbox, page, buyer, tmp_path):
    smm, product = Service.objects.get(upstream_id=1), Service.objects.get(upstream_id=7)
    total = smm.price * 3 + product.price * 2
    bad = ["no line at all", f"{smm.pk} | not a link | 1000"]
    page.goto(f"{stocked.url}/orders/")
    page.get_by_role("link", name="Mass order").click()
    accessible(page)
    page.get_by_role("textbox", name="Lines").fill(
        f"{smm.pk} | https://instagram.com/one | 1000\n{bad[0]}\n{smm.pk} | https://instagram.com/two | 2000\n{bad[1]}"
    )
    file = tmp_path / "orders.csv"
    file.write_text(f"\ufeff{product.pk},2\r\n", encoding="utf-8")
    page.get_by_label("Or a file").set_input_files(file)
    page.get_by_role("button", name="Check the lines").click()
    expect(page.locator("#mass-total")).to_have_text(show(total))
    expect(page.get_by_text("3 can be ordered")).to_be_visible()
    expect(page.get_by_text("A link has no spaces in it.")).to_be_visible()
    accessible(page)
    assert Order.objects.count() == 0

    page.get_by_role("button", name="Place 3 orders").dblclick()
    expect(page.locator("#outcome")).to_contain_text("3 orders are placed")
    expect(page.locator("#outcome")).to_contain_text(show(total))
    expect(page.get_by_role("textbox", name="Lines")).to_have_value("\n".join(bad))
    expect(page.get_by_text("Write it as service | link | quantity.")).to_be_visible()
    expect(page.locator("#balance")).to_contain_text(usd_at_a_glance(550 - total))
    accessible(page)
    assert Order.objects.count() == 3

    # A reload sends the form again, and nothing is ordered again.
    page.reload()
    expect(page.locator("#outcome")).to_contain_text("3 lines were placed before")
    assert Order.objects.count() == 3

    # One bad line is put right: it alone goes out.
    page.get_by_role("textbox", name="Lines").fill(f"{bad[0]}\n{smm.pk} | https://instagram.com/three | 1000")
    page.get_by_role("button", name="Check again").click()
    page.get_by_role("button", name="Place 1 order").click()
    expect(page.locator("#outcome")).to_contain_text("1 order is placed")
    expect(page.get_by_role("textbox", name="Lines")).to_have_value(bad[0])

    page.get_by_role("link", name="See your orders").click()
    for order in Order.objects.all():
        expect(page.locator(f"tr:has(#order-{order.pk})").get_by_text("Completed", exact=True)).to_be_visible(
            timeout=PATIENCE
        )
    accessible(page)
    assert set(Order.objects.values_list("state", flat=True)) == {states.COMPLETED}
    delivered = Order.objects.get(service=product)
    page.goto(f"{stocked.url}/orders/{delivered.pk}/")
    page.get_by_role("button", name="Show items").click()
    expect(page.locator("#goods")).to_contain_text(delivered.items.first().text)
    page.get_by_role("button", name="Copy all").click()
    stocked.wait_until(lambda: delivered.reveals.filter(kind="COPIED").exists(), "the note of the copy")
    page.reload()
    expect(page.get_by_text("Copied all")).to_be_visible()
    accessible(page)
    assert audit().problems == []
