"""Every page in a real browser, once: nothing serious for axe, light, and nothing that jumps while it loads."""

from datetime import timedelta

import brotli
import pytest
from django.utils import timezone

from catalog.sync import sync_catalog
from reseller.books import audit
from sms.sync import sync_sms
from tests.axe import serious
from tests.house import House
from tests.lived_in import PAGES, LivedIn, fittings, people
from tests.lived_in.pages import ROLES, VISITOR
from tests.still import sandbox

__all__ = ["sandbox"]
pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

# Bytes of a page with all that it brings along, compressed as a proxy and the shop's own static files are.
HEAVIEST = 120 * 1024
# As the web vitals have it, a tenth is good already.
SHIFT = 0.05
# The same on every page that somebody opens: looked at on the first; and rows that are as the rows before them.
FRAME = ["header.header", "footer.footer", "#nav-sidebar"]
MORE_OF_THE_SAME = ["tbody tr:nth-child(n+13)"]
_COUNT_SHIFTS = """
window.shifted = 0;
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""


@pytest.fixture
def lived_in(transactional_db, _nothing_cached, sandbox, settings):
    sync_catalog()
    sync_sms()
    fittings.fit(settings)
    shop = LivedIn(now=timezone.now(), step=timedelta(minutes=13)).open()
    shop.more(4)
    return shop


@pytest.fixture
def shop(lived_in, sandbox, tmp_path):
    """The web server alone: nothing moves by itself."""
    house = House(home=tmp_path, upstream_url=sandbox.url, upstream_key="test-key", environment=fittings.ENVIRONMENT)
    try:
        house.serve()
        yield house
    finally:
        house.stop()


class Looker:
    """Opens pages as somebody, and says what is wrong with them."""

    def __init__(self, browser, shop, user):
        self.context = browser.new_context()
        if user:
            session = {"name": "sessionid", "value": people.session_of(user, proved=True), "url": shop.url}
            self.context.add_cookies([session])
        self.context.add_init_script(_COUNT_SHIFTS)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.sizes, self.errors = {}, []

    def look(self, address):
        """What is wrong with the page at `address`, in words."""
        apart_from = MORE_OF_THE_SAME + (FRAME if self.sizes else [])
        self.errors = []
        document = self.page.goto(address)
        wrong = [*self.errors, *serious(self.page, apart_from=apart_from)]
        loaded = self.page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
        # Whatever the browser kept from the page before: each counts as the first one.
        weight = packed(document.body()) + sum(self._size(url) for url in set(loaded) if url.startswith("http"))
        if weight > HEAVIEST:
            wrong.append(f"weighs {weight:,} bytes")
        if (shifted := self.page.evaluate("window.shifted")) > SHIFT:
            wrong.append(f"moves by {shifted:.3f}")
        return wrong

    def _size(self, url):
        if url not in self.sizes:
            self.sizes[url] = packed(self.context.request.get(url).body())
        return self.sizes[url]


def packed(body):
    return len(brotli.compress(body, quality=5))


def test_every_page_is_accessible_light_and_still(browser, shop, lived_in):
    wrong = {}
    for role, user in {VISITOR: None, **{role: getattr(lived_in, role) for role in ROLES}}.items():
        looker = Looker(browser, shop, user)
        for each in PAGES:
            if each.who == role:
                wrong[each.name] = looker.look(shop.url + each.path(lived_in))
        looker.context.close()
    assert {name: found for name, found in wrong.items() if found} == {}
    assert audit().problems == []
