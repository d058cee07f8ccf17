"""A drip-feed of three runs, from the form to its end, in a real browser."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from catalog.models import Service
from core.money import show
from orders.models import Order, Plan
from reseller.books import audit
from tests.journeys.test_orders import LINK, PATIENCE, accessible, open_service
from wallet import ledger

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def an_interval_passes() -> None:
    """As if the last run had gone out a quarter of an hour ago."""
    passed = timezone.now() - timedelta(minutes=15)
    Order.objects.filter(accepted_at__gt=passed).update(accepted_at=passed)
    Plan.objects.filter(next_run_at__isnull=False).update(next_run_at=passed)


def test_three_runs_are_placed_one_after_the_other_and_paid_as_delivered(stocked, page, signed_in, customer):
    service = Service.objects.get(upstream_id=1)
    signed_in(customer)
    page.goto(stocked.url)
    open_service(page, "instagram followers max 10k", service)
    page.get_by_label("Link").fill(LINK)
    page.get_by_label("Quantity").fill("1000")
    page.get_by_text("Drip-feed, or start later").click()
    page.get_by_label(re.compile("^Runs")).fill("3")
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_label("Interval")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label(re.compile("^Runs"))).to_have_value("3")
    page.get_by_label("Interval").fill("15")
    expect(page.locator("[data-total=charge]")).to_have_text(show(service.price * 3))
    accessible(page)
    page.get_by_role("button", name="Place order").click()

    page.wait_for_url("**/orders/plans/*/")
    expect(page.locator("#plan")).to_contain_text("1 of 3 placed, 1,000 each")
    accessible(page)
    plan = Plan.objects.get()
    for run in (2, 3):
        stocked.wait_until(
            lambda: plan.orders.order_by("-run")[0].upstream_id is not None, "the run before to be accepted"
        )
        if run == 3:
            page.get_by_role("button", name="Pause").click()
            expect(page.locator("#plan")).to_contain_text("Paused")
            an_interval_passes()
            assert plan.orders.count() == 2
            page.get_by_role("button", name="Go on").click()
        else:
            an_interval_passes()
        expect(page.locator("#plan")).to_contain_text(f"{run} of 3 placed", timeout=PATIENCE)
    expect(page.locator("#plan")).to_contain_text("3,000 of 3,000 delivered", timeout=PATIENCE)
    account = ledger.account_of(customer)
    assert (account.held, plan.total) == (0, service.price * 3)
    page.goto(f"{stocked.url}/orders/plans/")
    accessible(page)
    assert audit().problems == []
