"""A form that another site sends in somebody's name is refused, at every address; and looking changes nothing.

Both go through the table of URLs: a new address is tried by itself.
"""

import pytest
from django.urls import reverse

from reseller.books import audit
from tests.lived_in import PAGES
from tests.lived_in.pages import CUSTOMER, OPERATOR, VISITOR
from tests.security.conftest import browser, everything
from tests.security.table import addresses, desk

pytestmark = pytest.mark.django_db

# Addresses that take a POST without a form's token, and what they ask for instead of a session.
NO_TOKEN = {
    **dict.fromkeys(["api:v2", "api:panel", "api:handler"], "a program's key, in the request itself"),
    "static_process_payment": "the payment provider's signature, or what the provider says when asked",
    "notices:stop": "the signed link out of an e-mail (RFC 8058: the mail program posts, without a session)",
    "healthz": "nothing: it changes nothing, and is answered before anything is read",
    "metrics": "the token of the header; it changes nothing, and is answered before anything is read",
}
FORM = {"quantity": "1", "reason": "x", "text": "x", "name": "x", "post": "yes", "confirmed": "x", "action": "x"}


def refused(answer):
    return answer.status_code == 403 and b"csrf" in answer.content.lower()


def test_every_address_refuses_a_form_without_its_token(shop):
    before = everything()
    for who in (CUSTOMER, OPERATOR, VISITOR):
        # Others are led away from the admin: its forms are tried in an operator's hands, on rows that there are.
        table = {name: [path] for name, path in addresses().items() if not name.startswith("admin:")}
        table |= desk() if who == OPERATOR else {}
        seen = browser(getattr(shop, who, None), enforce_csrf_checks=True)
        taken = set()
        for name, paths in table.items():
            answer = seen.post(paths[0], FORM, headers={"Referer": "https://evil.example/"})
            led = who == VISITOR and answer.headers.get("Location", "").startswith(reverse("account_login"))
            if not refused(answer) and not led:
                taken.add(name)
        assert taken == set(NO_TOKEN), who
    assert everything() == before
    assert audit().problems == []


def test_a_token_of_ones_own_does_not_help_another_site(shop):
    """With the cookie and its token, as from a subdomain that can set cookies: the origin still gives it away."""
    seen = browser(shop.customer, enforce_csrf_checks=True)
    token = str(seen.get(reverse("front")).context["csrf_token"])
    path, form = reverse("storefront:currency"), {"csrfmiddlewaretoken": token, "show": "off"}
    for origin in ("https://evil.example", "http://testserver.evil.example", "http://testserver:81", "null"):
        assert refused(seen.post(path, form, headers={"Origin": origin})), origin
    assert seen.post(path, form, headers={"Origin": "http://testserver"}).status_code == 302


# What is written when somebody looks, on purpose.
MARKS = {
    "desk.Request": "that its customer has seen the answer",
    "mfa.Authenticator": "when the recovery codes were looked at",
    "reseller.FirstRun": "a sample, by which a lost encryption key is noticed",
}


def test_looking_changes_nothing(shop):
    before = everything()
    for page in PAGES:
        browser(getattr(shop, page.who, None)).get(page.path(shop))
    for who in (shop.customer, shop.operator, None):
        seen = browser(who)
        for name, path in addresses().items():
            if not name.startswith("admin:"):
                seen.get(path)
    after = everything()
    assert {label for label in before if before[label] != after[label]} == set(MARKS)
    assert audit().problems == []
