"""The API's page in a real browser: the reader's key in the examples, another language, an action tried."""

import pytest
from playwright.sync_api import expect

from tests.api.conftest import catalogue, make_key, sandbox, secret
from tests.journeys.test_orders import accessible

__all__ = ["catalogue", "make_key", "sandbox", "secret"]
pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_a_key_fills_the_examples_and_an_action_is_tried(live_server, page, catalogue, customer, secret):
    page.goto(f"{live_server.url}/api/")
    accessible(page)
    balance = page.get_by_role("article", name="balance").first
    balance.get_by_text("Try it").click()
    balance.get_by_role("button", name="Send").click()
    expect(balance.get_by_role("status")).to_have_text("Put your key in first.")
    expect(page.get_by_label("API key")).to_be_focused()

    page.get_by_label("API key").fill(secret)
    expect(page.locator("#v2-balance-curl")).to_contain_text(f"key={secret}")
    expect(page.locator("#v2-balance-php")).to_be_hidden()
    page.get_by_text("PHP", exact=True).click()
    expect(page.locator("#v2-balance-php")).to_contain_text(f"'key' => '{secret}'")
    expect(page.locator("#v2-balance-curl")).to_be_hidden()

    balance.get_by_role("button", name="Send").click()
    expect(balance.get_by_role("region")).to_contain_text('"balance": "50.00"')
    accessible(page)

    # A purchase asks first, and what is not confirmed is not sent.
    add = page.get_by_role("article", name="add").first
    add.get_by_text("Try it").click()
    add.get_by_role("button", name="Send").click()
    page.get_by_role("dialog").get_by_role("button", name="Back").click()
    expect(add.get_by_role("region")).to_have_count(0)

    # The key is nowhere when one comes back; the language is remembered.
    page.reload()
    expect(page.get_by_label("API key")).to_have_value("")
    expect(page.locator("#v2-balance-php")).to_contain_text("YOUR_API_KEY")
