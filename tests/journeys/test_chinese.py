"""From the front page to a delivered order in Simplified Chinese, as a browser from China asks for it."""

import re

import pytest
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext, pgettext
from playwright.sync_api import expect

from accounts.models import User
from catalog.models import Service
from orders.models import Order
from reseller.books import audit
from tests.journeys.test_orders import LINK, PASSWORD, PATIENCE, accessible

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def browser_context_args(browser_context_args):
    """A browser that asks for Chinese."""
    return {**browser_context_args, "locale": "zh-CN"}


def say(text: str, context: str = "") -> str:
    """What the catalogue makes of it; it has to be there, or the journey would prove nothing."""
    with translation.override("zh-hans"):
        said = pgettext(context, text) if context else gettext(text)
    assert said != text, f"not translated: {text}"
    return said


def test_a_visitor_who_reads_chinese_gets_it_from_the_front_page_to_the_goods(stocked, page):
    page.goto(stocked.url)
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    accessible(page)
    page.get_by_role("banner").get_by_role("link", name=say("Sign up")).click()
    page.get_by_label(say("E-mail address")).fill("xin@example.com")
    page.get_by_label(say("Password"), exact=True).fill(PASSWORD)
    page.get_by_role("button", name=say("Create account")).click()
    expect(page.locator("#balance")).to_contain_text("$0.00")
    letters: list[str] = []

    def letter() -> bool:
        letters[:] = re.findall(r"http://\S+/confirm-email/\S+", "".join(stocked.mails()))
        return bool(letters)

    stocked.wait_until(letter, "the confirmation letter")
    page.goto(letters[0])
    page.get_by_role("main").get_by_role("button").click()
    stocked.manage("credit", "xin@example.com", "80.00", "--reason", "welcome")

    # A product, since its goods are read on the page.
    product = Service.objects.get(upstream_id=7)
    page.goto(f"{stocked.url}/services/{product.pk}/")
    page.get_by_label(say("Quantity")).fill("1")
    accessible(page)
    page.get_by_role("button", name=say("Place order")).click()
    expect(page.locator("#order").get_by_text(say("Completed"), exact=True)).to_be_visible(timeout=PATIENCE)
    order = Order.objects.get(customer=User.objects.get(email="xin@example.com"))
    page.get_by_role("button", name=say("Show items")).click()
    expect(page.locator("#goods")).to_contain_text(order.items.get().text)
    accessible(page)

    # What is wrong is said in the same language, beside its field.
    service = Service.objects.get(upstream_id=1)
    page.goto(f"{stocked.url}/services/{service.pk}/")
    page.get_by_label(say("Link"), exact=True).fill("not a link")
    page.get_by_role("button", name=say("Place order")).click()
    expect(page.get_by_text(say("A link has no spaces in it."))).to_be_visible()
    page.get_by_label(say("Link"), exact=True).fill(LINK)
    page.get_by_role("button", name=say("Place order")).click()
    expect(page.locator("#order").get_by_text(say("Completed"), exact=True)).to_be_visible(timeout=PATIENCE)
    for name in ("orders:list", "wallet:statement", "sms:sites", "desk:help", "api:docs", "accounts:profile"):
        page.goto(f"{stocked.url}{reverse(name)}")
        expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
        accessible(page)
    assert audit().problems == []
