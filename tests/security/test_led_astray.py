"""Nobody is led from the shop to another site, whatever an address, a form, a referrer or a host says."""

import itertools
import re
from urllib.parse import urljoin, urlsplit

import pytest
from django.core import mail
from django.core.cache import cache
from django.urls import reverse

from tests.conftest import PASSWORD
from tests.lived_in import PAGES
from tests.lived_in.pages import CUSTOMER, VISITOR
from tests.security.conftest import browser
from tests.security.table import addresses, written_here

pytestmark = pytest.mark.django_db

SAFE = "/help/?marked=1"
EVIL = [
    *("https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example", "\\\\evil.example"),
    *("https:evil.example", "http:///evil.example", "/\t/evil.example", "\t//evil.example", " //evil.example"),
    *("//testserver@evil.example/", "https://testserver.evil.example/", "javascript:alert(1)", "data:text/html,x"),
    *("//evil.example\\@testserver/", "/%5cevil.example/../..//evil.example", "https://evil.example#@testserver/"),
]
NAMES = ["next", "back", "url", "redirect", "return_to", "to", "u", "return", "continue", "dest", "redirect_to"]
# Some of those that lead to where they are told.
LEADERS = {
    *("catalog:favourite", "storefront:currency", "accounts:language", "set_language"),
    *("account_login", "account_signup"),
}


def host_of(answer, path):
    """Where a browser would go: it takes a backslash for a slash, and leaves out tabs and line ends."""
    where = answer.headers.get("Location") or answer.headers.get("HX-Redirect") or ""
    where = re.sub(r"[\t\r\n]", "", where).strip().replace("\\", "/")
    where = re.sub(r"^/{2,}", "//", where)
    gone = urlsplit(urljoin(f"http://testserver{path}", where))
    return gone.hostname if gone.scheme in ("http", "https") else gone.scheme


@pytest.fixture
def table(shop):
    """Addresses of customers' pages, those of the acts with something of the shop's in them."""
    real = {
        "catalog:favourite": reverse("catalog:favourite", args=[shop.services["SMM"].pk]),
        "sms:favourite": reverse("sms:favourite", args=[shop.projects[0].pk]),
        "orders:again": reverse("orders:again", args=[shop.orders["GOODS"].pk]),
    }
    return {name: path for name, path in addresses().items() if not name.startswith("admin:")} | real


def sent(shop, path, where, only=None, **headers):
    """Answers to that wish, asked and posted, by a customer and by a visitor; or `only` the one of these four."""
    wish = dict.fromkeys(NAMES, where)
    more = {"password": PASSWORD, "login": shop.newcomer.email, "language": "en", "show": "off"}
    for way, (who, method) in enumerate(itertools.product((shop.customer, None), ("get", "post"))):
        if only in (None, way):
            given = wish if method == "get" else {**more, **wish}
            yield getattr(browser(who), method)(path, given, headers=headers)


def test_every_address_leads_to_pages_of_the_shop_alone(shop, table):
    leaders, astray = set(), {}
    for name, path in table.items():
        for way, answer in enumerate(sent(shop, path, SAFE)):
            if answer.headers.get("Location", "").startswith(SAFE):
                leaders.add((name, way))
        for answer in sent(shop, path, EVIL[0], Referer="https://evil.example/page", Origin="null"):
            if host_of(answer, path) != "testserver":
                astray[name] = answer.headers["Location"]
    assert astray == {}
    # Whatever leads to where it is told, if that is a page of the shop, is tried with all there is.
    assert {name for name, _way in leaders} >= LEADERS
    for name, way in leaders:
        for evil in EVIL:
            cache.clear()
            (answer,) = sent(shop, table[name], evil, only=way)
            if host_of(answer, table[name]) != "testserver":
                astray[name, evil] = answer.headers["Location"]
    assert astray == {}


def test_the_way_into_the_admin_leads_to_no_other_site(shop):
    seen = browser(shop.operator)
    astray = {}
    for name, paths in written_here().items():
        wish = {**dict.fromkeys(NAMES, EVIL[1]), "_changelist_filters": EVIL[1], "_to_field": "id", "_popup": "1"}
        answer = seen.get(paths[0], wish, headers={"Referer": EVIL[0]})
        if host_of(answer, paths[0]) != "testserver":
            astray[name] = answer.headers["Location"]
    assert astray == {}


def test_no_page_makes_a_link_of_what_its_address_wishes(shop):
    """A page that shows `next` in a form, or a link, would lead there with the next click."""
    wrong = {}
    for page in PAGES:
        if page.who not in (CUSTOMER, VISITOR):
            continue
        path = page.path(shop).split("?")[0]
        for evil in (EVIL[0], EVIL[12]):
            answer = browser(getattr(shop, page.who, None)).get(path, dict.fromkeys(NAMES, evil), follow=True)
            if re.search(rf'(?:href|action|formaction)="{re.escape(evil)}', answer.content.decode()):
                wrong[page.name] = evil
    assert wrong == {}


# ── The host that a request claims ─────────────────────────────────────────────────────────────────
def test_a_link_to_a_new_password_is_not_made_for_the_host_that_a_request_claims(shop, settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.SHOP_URL = "https://shop.example.com"
    for host in ("evil.example", "testserver:81", "shop.example.com.evil.example"):
        mail.outbox.clear()
        browser().post(reverse("account_reset_password"), {"email": shop.newcomer.email}, headers={"Host": host})
        (message,) = mail.outbox
        assert "https://shop.example.com/accounts/password/reset/key/" in message.body
        assert host not in message.body.replace("https://shop.example.com/", "")


def test_forwarded_hosts_are_not_believed(shop, table):
    told = {"X-Forwarded-Host": "evil.example", "X-Host": "evil.example", "Forwarded": "host=evil.example"}
    told |= {"X-Original-URL": "/admin/", "X-Rewrite-URL": "/admin/", "X-Forwarded-Server": "evil.example"}
    for who in (shop.customer, None):
        for name, path in table.items():
            answer = browser(who).get(path, headers=told)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            assert b"evil.example" not in body, name
            assert "evil.example" not in str(answer.headers), name


def test_a_host_that_is_not_ours_gets_nothing(shop, table):
    for name, path in table.items():
        answer = browser(shop.customer).get(path, headers={"Host": "evil.example"})
        # Who watches a process asks it by its address; without a token there are no metrics.
        assert answer.status_code == {"healthz": 200, "metrics": 404}.get(name, 400), name
