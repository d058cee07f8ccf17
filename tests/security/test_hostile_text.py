"""Whatever a vendor or a customer writes stays text: on every page, in every answer to a form, in the admin too."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from tests.lived_in import PAGES
from tests.lived_in.pages import CUSTOMER, ROLES, VISITOR
from tests.security.conftest import browser
from tests.security.markup import FULL, SHORT, Page, born
from tests.security.table import addresses, desk, written_here

pytestmark = pytest.mark.django_db

# What pages read of their address; and what the admin's lists and forms do.
ASKED = [
    *("q", "status", "sort", "category", "kind", "next", "before", "since", "page", "link", "quantity", "promo"),
    *("comments", "country", "order", "number", "from", "to", "show", "min", "max", "site", "subject", "text", "out"),
]
ASKED_OF_THE_DESK = ["q", "o", "e", "_changelist_filters", "_popup", "name", "reason", "day", "month", "next"]


def test_a_reader_sees_what_hostile_text_becomes():
    """The reader itself: each of these would be an attack."""
    for text, what in [
        (FULL, "an element"),
        (f'<a title="{SHORT}">', "an element"),
        (f'<a href="{FULL}">', "an address of <a>: href"),
        ("<a title='x' onx=1>", "an attribute of <a>"),
        ("<div x-data=\"{a: '<xss'}\">", "a program in <div>: x-data"),
        ("<div hx-vals='js:{a: \"<xss\"}'>", "a program in <div>: hx-vals"),
        ('<script>let a = "<xss>"</script>', "text in <script>"),
        ("<style>a{content:'<xss>'}</style>", "text in <style>"),
    ]:
        assert what in Page(text).born, text
    assert Page('<p title="&quot;&lt;xss&gt;">&lt;xss onx=1&gt;</p><div hx-vals=\'{"a": "<xss"}\'>').born == []


def test_on_every_page_of_customers_and_visitors(poisoned):
    seen = {who: browser(getattr(poisoned, who, None)) for who in (*ROLES, VISITOR)}
    wrong, shown = {}, 0
    for page in PAGES:
        answer = seen[page.who].get(page.path(poisoned), follow=True)
        assert answer.status_code in (200, 404), (page.name, answer.status_code)
        shown += answer.content.decode().count("&lt;xss onx=1&gt;")
        if found := born(answer):
            wrong[page.name] = found
    assert wrong == {}
    # The pages did show it.
    assert shown > 200
    order = poisoned.orders["GOODS"]
    for name, path in [*addresses().items(), ("goods", reverse("orders:items_file", args=[order.pk, "txt"]))]:
        if not name.startswith("admin:") and (found := born(seen[CUSTOMER].get(path))):
            wrong[name] = found
    assert wrong == {}
    revealed = seen[CUSTOMER].post(reverse("orders:reveal", args=[order.pk]), headers={"HX-Request": "true"})
    assert "&lt;xss" in revealed.content.decode()
    assert born(revealed) == []


def test_what_an_address_brings_stays_text(shop):
    wrong = {}
    for page in PAGES:
        answer = browser(getattr(shop, page.who, None)).get(
            page.path(shop).split("?")[0], dict.fromkeys(ASKED, FULL), follow=True
        )
        if found := born(answer):
            wrong[page.name] = found
    seen = browser(shop.operator)
    for name, paths in written_here().items():
        if found := born(seen.get(paths[0], dict.fromkeys(ASKED_OF_THE_DESK, FULL), follow=True)):
            wrong[name] = found
    # Before there is a session, and where nothing is.
    for path in ["/accounts/login/", "/nowhere/", f"/{FULL}/", f"/r/{FULL}"]:
        if found := born(browser().get(path, {"next": FULL})):
            wrong[path] = found
    assert wrong == {}


def test_what_a_form_brings_back_stays_text(shop):
    """Every form of every page, with all its texts hostile; and those of the admin."""
    wrong, sent, back = {}, 0, 0
    places = [(page.name, page.path(shop), getattr(shop, page.who, None)) for page in PAGES]
    # What is added by a form is changed by the same one.
    table = desk()
    added = {name for name in table if name.endswith("_add") and f"{name.removesuffix('_add')}_change" in table}
    places += [(name, paths[0], shop.operator) for name, paths in table.items() if name not in added]
    for name, path, user in places:
        seen = browser(user)
        answer = seen.get(path, follow=True)
        if "html" not in answer.headers.get("Content-Type", ""):
            continue
        asked = answer.wsgi_request.path if answer.redirect_chain else path
        for form in Page(answer.content.decode()).forms:
            if form.method != "post" or not form.texts:
                continue
            # Where it leads once it is taken, the other tests look.
            reply = seen.post(form.action or asked, form.values | dict.fromkeys(form.texts, FULL))
            sent += 1
            back += "&lt;xss" in reply.content.decode() if not reply.streaming else 0
            if found := born(reply):
                wrong[name] = (form.action, found)
    assert wrong == {}
    assert sent > 100
    assert back > 30


def test_scripts_of_ours_make_no_elements_of_text():
    scripts = [*Path(settings.BASE_DIR, "static").rglob("*.js")]
    assert scripts
    made = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|\beval\(|Function\("
    )
    assert [(path.name, made.findall(path.read_text())) for path in scripts if made.search(path.read_text())] == []


def test_no_template_of_ours_passes_text_by_the_escaping():
    templates = [*Path(settings.BASE_DIR, "templates").rglob("*.html")]
    handlers = r"\bon(?:click|load|error|input|change|submit)=|hx-on"
    by = re.compile(rf"\|\s*safe\b|autoescape off|safeseq|srcdoc|<script(?! src| nonce)|{handlers}")
    assert [(path.name, by.findall(path.read_text())) for path in templates if by.search(path.read_text())] == []
