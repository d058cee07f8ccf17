"""What browsers are told: what may run on a page, and who may show it in a frame."""

import pytest
from django.conf import settings

from tests.lived_in import PAGES
from tests.lived_in.pages import ROLES, VISITOR
from tests.security.conftest import browser
from tests.security.markup import Scripts
from tests.security.table import addresses

pytestmark = pytest.mark.django_db


def policy(answer):
    parts = [part.split() for part in answer.headers["Content-Security-Policy"].split(";") if part.strip()]
    return {part[0]: part[1:] for part in parts}


def test_no_page_of_the_shop_lets_anything_run_that_stands_in_it(shop):
    seen = {who: browser(getattr(shop, who, None)) for who in (*ROLES, VISITOR)}
    nonces = set()
    for page in PAGES:
        answer = seen[page.who].get(page.path(shop), follow=True)
        rules = policy(answer)
        nonce = [source for source in rules["script-src"] if source.startswith("'nonce-")]
        assert [source for source in rules["script-src"] if source not in nonce] == ["'self'"], page.name
        assert rules["default-src"] == rules["style-src"] == ["'self'"], page.name
        assert rules["object-src"] == rules["frame-ancestors"] == ["'none'"], page.name
        assert rules["base-uri"] == ["'self'"], page.name
        assert set(rules["form-action"]) <= {"'self'", *settings.PAYMENT_PAGES}, page.name
        assert answer.headers["X-Frame-Options"] == "DENY", page.name
        found = Scripts(answer.content.decode())
        assert found.inline == [], page.name
        assert all(address.startswith("/") and not address.startswith("//") for address in found.loaded), page.name
        # Each nonce is good for one answer.
        assert not nonces & set(nonce), page.name
        nonces |= set(nonce)


def test_other_answers_have_a_policy_too(shop):
    for who in (shop.customer, None):
        for name, path in addresses().items():
            if not name.startswith("admin:"):
                answer = browser(who).get(path)
                assert "unsafe" not in answer.headers.get("Content-Security-Policy", "none") or "/admin/" in path, name
                assert answer.headers.get("X-Content-Type-Options") == "nosniff", name
