"""From signing up to a delivered order by keyboard alone, with a focus that is always to be seen."""

import re

import pytest
from playwright.sync_api import expect

from catalog.models import Service
from funds import vouchers
from funds.models import Batch
from orders.models import Order
from reseller.books import audit
from tests.journeys.test_orders import LINK, PASSWORD, PATIENCE

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

MOST_STEPS = 80
# How everything looks that may get the focus, with what stands around it, before the next step.
_REMEMBER = """() => {
  window.lookOf = each => { const s = getComputedStyle(each); return [s.outline, s.boxShadow, s.borderColor].join() };
  window.before = new Map();
  for (const at of document.querySelectorAll("a, button, input, select, textarea, summary, [tabindex]"))
    for (const each of [at, at.closest("label"), at.parentElement])
      if (each) window.before.set(each, window.lookOf(each));
}"""
# Whether whoever looks can tell where they are: what has the focus, or its label, or the box around it, looks other
# than a moment ago, inside the window. Empty when so.
_IS_SEEN = """() => {
  const at = document.activeElement;
  const around = [at, at.closest("label"), at.parentElement].filter(Boolean);
  const marked = around.some(each => window.before.get(each) !== window.lookOf(each));
  const box = at.getBoundingClientRect();
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return marked && inside ? "" : `${at.outerHTML.slice(0, 120)} marked: ${marked}, inside: ${inside}`;
}"""
_NAME = """() => {
  const at = document.activeElement;
  const label = at.labels && at.labels[0];
  return (at.getAttribute("aria-label") || (label && label.innerText) || at.innerText || at.value || "").trim();
}"""


class Keys:
    """Somebody's hands on a keyboard."""

    def __init__(self, page):
        self.page = page

    def to(self, name, *, back=False):
        """Tab on until what is called so has the focus; every stop on the way has to be seen."""
        for _step in range(MOST_STEPS):
            self.page.evaluate(_REMEMBER)
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
            # Where the end of the page is reached the browser's own bar has the focus.
            if not self.page.evaluate("document.hasFocus() && document.activeElement !== document.body"):
                continue
            assert self.page.evaluate(_IS_SEEN) == ""
            if re.match(name, self.page.evaluate(_NAME)):
                return
        raise AssertionError(f"no way to {name!r} on {self.page.url}")

    def write(self, name, text):
        self.to(name)
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.type(text)

    def press(self, name, key="Enter"):
        self.to(name)
        self.page.keyboard.press(key)


def test_sign_up_voucher_order_delivered_without_a_mouse(stocked, page, operator, now):
    _batch, (code,) = vouchers.make(
        name="n", kind=Batch.Kind.GIFT, amount=20, count=1, expires_at=None, form_key="k", operator=operator, now=now
    )
    service = Service.objects.get(upstream_id=1)
    keys = Keys(page)
    page.goto(stocked.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    keys.press("Sign up")
    page.wait_for_url("**/accounts/signup/")
    keys.write("E-mail address", "new@example.com")
    keys.write("Password", PASSWORD)
    keys.press("Create account")
    expect(page.locator("#balance")).to_contain_text("$0.00")

    keys.press("Wallet")
    page.wait_for_url("**/wallet/")
    keys.press("Add funds")
    page.wait_for_url("**/wallet/add/")
    keys.write("Voucher code", code)
    keys.press("Redeem", "Space")
    expect(page.locator("#balance")).to_contain_text("$20.00")

    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type(service.name)
    expect(page.locator("#finder-found [role=option]").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/services/\d+/"))
    keys.write("Link", LINK)
    keys.write("Quantity", "1500")
    keys.to("Link", back=True)
    keys.press("Place order")
    expect(page.locator("#order").get_by_text("Completed", exact=True)).to_be_visible(timeout=PATIENCE)
    assert Order.objects.get().delivered == 1500
    assert audit().problems == []
