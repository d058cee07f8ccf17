"""Three numbers in a real browser: one gets its code, one two messages, one expires."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from reseller.books import audit
from sms import states
from sms.models import Number, Project
from tests.journeys.test_orders import PATIENCE, accessible
from wallet import ledger

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_three_numbers_are_paid_for_two_codes(stocked, sandbox, page, customer, signed_in):
    signed_in(customer)
    project = Project.objects.get(upstream_id=sandbox.vendor.projects_that("code", country="us")[0])
    plans = [("code", "111222", 300.0), ("two", "333444", 300.0), ("expire", None, 60.0)]
    for behaviour, code, lifetime in plans:
        plan = {"code": code, "content": f"Your code is {code}"} if code else {}
        seconds = {"seconds": 40.0, "second": 60.0} if code else {}
        sandbox.plan_sms(behaviour=behaviour, lifetime=lifetime, times=1, **plan, **seconds)

    page.goto(f"{stocked.url}/numbers/")
    accessible(page)
    page.keyboard.press("/")
    page.keyboard.type(project.site.name[:6])
    page.get_by_role("link", name=project.site.name).first.click()
    accessible(page)
    page.locator(f"a[href='/numbers/project/{project.pk}/']").first.click()
    accessible(page)
    for n in range(len(plans)):
        if n:
            page.goto(f"{stocked.url}/numbers/project/{project.pk}/")
        page.get_by_role("main").locator("form[method=post] button[type=submit].button-primary").first.click()
        expect(page.get_by_role("heading", name="Your numbers")).to_be_visible()

    board = page.locator("#board")
    expect(board).to_contain_text("111222", timeout=PATIENCE)
    expect(board).to_contain_text("333444", timeout=PATIENCE)
    accessible(page)
    stocked.wait_until(
        lambda: Number.objects.filter(state=states.EXPIRED).count() == 1, "the number without a code", seconds=60
    )
    stocked.wait_until(
        lambda: 2 in {number.messages.count() for number in Number.objects.all()}, "the second message", seconds=60
    )
    account = ledger.account_of(customer)
    assert account.balance == Decimal(50) - 2 * project.price
    assert account.held == 0
    assert audit().problems == []
