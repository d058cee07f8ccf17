"""The shop's terms: written, published, accepted once, and shown without running what is in them."""

import re
from datetime import timedelta
from html import unescape
from http import HTTPStatus

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts import terms
from accounts.models import Acceptance, Terms, User
from accounts.plain_markup import parse
from orders.models import Order
from reseller.books import audit
from sms.models import Purchase
from tests.api.conftest import make_key
from tests.conftest import PASSWORD
from tests.orders.conftest import catalogue, rich
from tests.sms.conftest import project, projects
from tests.still import sandbox

__all__ = ["catalogue", "make_key", "project", "projects", "rich", "sandbox"]

pytestmark = pytest.mark.django_db

SIGN_UP = {"email": "newcomer@example.com", "password1": PASSWORD}


@pytest.fixture(autouse=True)
def _no_old_rate_limits():
    cache.clear()


def published(version: str = "1", text: str = "# Money\nYou pay **before**.", *, days_ago: int = 1) -> Terms:
    made = Terms.objects.create(version=version, text_en=text, text_zh_hans="# 钱")
    terms.publish(terms=made, now=timezone.now() - timedelta(days=days_ago))
    return made


# ── The text ───────────────────────────────────────────────────────────────────────────────────────
def test_the_markup_becomes_blocks():
    blocks = parse("# One\nline a\nline b\n\nnext\n- x\n- y\n1. z\n## Two")

    assert [(block.kind, len(block.lines)) for block in blocks] == [
        ("h2", 1),
        ("p", 2),
        ("p", 1),
        ("ul", 2),
        ("ol", 1),
        ("h3", 1),
    ]


def test_only_web_and_mail_addresses_become_links():
    (block,) = parse("[a](https://x.example) [b](javascript:alert(1)) [c](mailto:a@x.example) **d**")
    (spans,) = block.lines

    assert [span.url for span in spans if span.url] == ["https://x.example", "mailto:a@x.example"]
    assert [span.text for span in spans if span.strong] == ["d"]


def test_what_is_written_in_it_never_runs(client: Client):
    published(text='# <script>alert(1)</script>\n\n[<b>](https://x.example/"onclick=) <img src=x onerror=alert(1)>')

    page = client.get(reverse("terms:current")).content.decode()

    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;" in page


def test_readers_of_chinese_get_theirs_and_english_where_there_is_none():
    both, one = published("1"), Terms(version="2", text_en="English")
    with translation.override("zh-hans"):
        assert (both.text, one.text) == ("# 钱", "English")
    with translation.override("en"):
        assert both.text.startswith("# Money")


# ── Publishing ─────────────────────────────────────────────────────────────────────────────────────
def test_what_is_published_cant_be_changed():
    made = published()

    made.text_en = "Something else"
    with pytest.raises(ValidationError):
        made.save()
    with pytest.raises(terms.CantPublish):
        terms.publish(terms=made, now=timezone.now())
    made.refresh_from_db()
    assert made.text_en.startswith("# Money")


def test_a_draft_without_words_cant_be_published():
    draft = Terms.objects.create(version="1")

    with pytest.raises(terms.CantPublish):
        terms.publish(terms=draft, now=timezone.now())


def test_an_operator_writes_publishes_and_then_only_reads(client: Client, operator: User):
    client.force_login(operator)
    client.post(reverse("admin:accounts_terms_add"), {"version": "2030-01", "text_en": "Be kind.", "text_zh_hans": ""})
    draft = Terms.objects.get()
    assert terms.current(timezone.now()) is None

    act = reverse("admin:accounts_terms_publish", args=[draft.pk])
    assert "every customer is asked once" in client.get(act).content.decode()
    client.post(act, {"reason": "First terms."})

    assert terms.current(timezone.now()) == draft
    page = reverse("admin:accounts_terms_change", args=[draft.pk])
    assert "Be kind." in client.get(page).content.decode()
    assert client.post(page, {"version": "x", "text_en": "Be mean."}).status_code == HTTPStatus.FORBIDDEN
    delete = reverse("admin:accounts_terms_delete", args=[draft.pk])
    assert client.post(delete, {"post": "yes"}).status_code == HTTPStatus.FORBIDDEN


# ── The pages ──────────────────────────────────────────────────────────────────────────────────────
def test_without_any_the_page_says_so_and_nobody_is_asked(client: Client, customer: User):
    assert "has not published any" in client.get(reverse("terms:current")).content.decode()
    assert terms.owed(customer, timezone.now()) is None
    assert 'name="terms"' not in client.get(reverse("account_signup")).content.decode()


def test_earlier_versions_stay_to_be_read_and_drafts_do_not_show(client: Client):
    old, new = published("1", "Old words", days_ago=9), published("2", "New words")
    draft = Terms.objects.create(version="3", text_en="Secret words")

    page = client.get(reverse("terms:current")).content.decode()
    assert "New words" in page
    assert reverse("terms:version", args=[old.pk]) in page
    assert reverse("terms:version", args=[draft.pk]) not in page
    former = client.get(reverse("terms:version", args=[old.pk])).content.decode()
    assert "Old words" in former
    assert "no longer holds" in former
    assert "no longer holds" not in client.get(reverse("terms:version", args=[new.pk])).content.decode()
    assert client.get(reverse("terms:version", args=[draft.pk])).status_code == HTTPStatus.NOT_FOUND


# ── Signing up ─────────────────────────────────────────────────────────────────────────────────────
def test_signing_up_needs_the_yes_and_keeps_it(client: Client):
    made = published()
    version = {"terms_version": made.pk}

    without = client.post(reverse("account_signup"), {**SIGN_UP, **version}).content.decode()
    assert "Without your yes" in without
    assert 'value="newcomer@example.com"' in without
    assert not User.objects.exists()
    client.post(reverse("account_signup"), {**SIGN_UP, **version, "terms": "on"}, REMOTE_ADDR="203.0.113.9")

    kept = Acceptance.objects.get(user__email=SIGN_UP["email"])
    assert (kept.terms, kept.address) == (made, "203.0.113.9")


def test_a_yes_to_an_older_version_is_not_one_to_the_new(client: Client):
    old = published("1", days_ago=9)
    new = published("2")
    given = {**SIGN_UP, "terms": "on", "terms_version": old.pk}

    page = client.post(reverse("account_signup"), given).content.decode()

    assert "The terms changed while you were reading" in page
    assert f'name="terms_version" value="{new.pk}"' in page
    assert not User.objects.exists()


# ── Buying ─────────────────────────────────────────────────────────────────────────────────────────
def test_the_question_is_asked_once_and_leads_back(client: Client, customer: User):
    made = published()
    client.force_login(customer)
    address = reverse("terms:accept")
    onward = "/services/7/?link=https%3A%2F%2Fx.example&quantity=100"

    page = client.get(address, {"next": onward}).content.decode()
    assert "You pay <strong>before</strong>" in page
    response = client.post(address, {"next": onward, "version": made.pk})

    assert response["Location"] == onward
    assert Acceptance.objects.filter(user=customer, terms=made).count() == 1
    assert client.get(address, {"next": onward})["Location"] == onward
    client.post(address, {"next": onward, "version": made.pk})
    assert Acceptance.objects.filter(user=customer).count() == 1


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_it_leads_nowhere_else(client: Client, customer: User, elsewhere: str):
    made = published()
    client.force_login(customer)

    response = client.post(reverse("terms:accept"), {"next": elsewhere, "version": made.pk})

    assert response["Location"] == reverse("catalog:list")


@pytest.mark.parametrize("nonsense", ["", "0", "x", "9" * 30])
def test_a_yes_to_nothing_is_none(client: Client, customer: User, nonsense: str):
    published()
    client.force_login(customer)

    response = client.post(reverse("terms:accept"), {"version": nonsense})

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert not Acceptance.objects.exists()


def test_a_new_version_asks_again(customer: User):
    old = published("1", days_ago=9)
    terms.accept(user=customer, version=old.pk, address=None, now=timezone.now())
    assert terms.owed(customer, timezone.now()) is None

    new = published("2")

    assert terms.owed(customer, timezone.now()) == new
    with pytest.raises(terms.NewerVersion):
        terms.accept(user=customer, version=old.pk, address=None, now=timezone.now())


def test_accepting_needs_somebody(client: Client):
    published()

    assert reverse("account_login") in client.get(reverse("terms:accept"))["Location"]


# ── In the shop ────────────────────────────────────────────────────────────────────────────────────
def _order(client: Client, service) -> object:
    address = reverse("orders:service", args=[service.pk])
    page = client.get(address).content.decode()
    hidden = dict(re.findall(r'name="(shown_price|shown_unit|form_key)" value="([^"]*)"', page))
    return client.post(address, {**hidden, "link": "https://instagram.com/name", "quantity": service.min})


def test_an_order_waits_for_the_yes_and_keeps_what_was_typed(client: Client, rich: User, catalogue):
    made = published()
    client.force_login(rich)
    service = catalogue[1]

    response = _order(client, service)
    assert response["Location"].startswith(f"{reverse('terms:accept')}?next=")
    assert not Order.objects.exists()
    asked = client.get(response["Location"]).content.decode()
    onward = unescape(re.search(r'name="next" value="([^"]+)"', asked)[1])
    back = client.post(reverse("terms:accept"), {"next": onward, "version": made.pk}, follow=True).content.decode()
    assert 'value="https://instagram.com/name"' in back

    _order(client, service)
    assert Order.objects.filter(customer=rich).count() == 1
    assert audit().problems == []


def test_numbers_wait_for_it_too(client: Client, rich: User, project):
    published()
    client.force_login(rich)

    response = client.post(reverse("sms:project", args=[project.pk]), {"quantity": "1"})

    assert response["Location"].startswith(f"{reverse('terms:accept')}?next=")
    assert not Purchase.objects.exists()


def test_programs_are_not_asked(rich: User, catalogue, make_key, client: Client):
    published()
    given = {"action": "add", "service": catalogue[1].pk, "quantity": catalogue[1].min, "link": "https://x.example/a"}

    answer = client.post("/api/v2", {"key": make_key(rich), **given}).json()

    assert "order" in answer, answer
    assert Order.objects.filter(customer=rich).count() == 1
