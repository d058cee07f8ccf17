"""The first run: every check in words, the few answers that are given there, and that it comes by itself until done."""

import json
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from catalog.models import Category, MarkupRule, Service
from catalog.sync import sync_catalog
from core import heartbeat
from core.queues import QUEUES
from reseller.first_run import groups, shop
from reseller.first_run.result import State
from reseller.models import FirstRun
from upstream.models import RateUnit

pytestmark = pytest.mark.django_db
PAGE = "/admin/first-run/"


@pytest.fixture
def mine(client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def shelf(now):
    """A service and a product."""
    category = Category.objects.create(name="Things")
    common = {"category": category, "min": 10, "max": 100, "search_text": "", "first_seen_at": now, "changed_at": now}
    for number, (entity, unit) in enumerate([("SMM", 1000), ("PRODUCT", 1)], 1):
        Service.objects.create(
            upstream_id=number, name=f"{entity} <b>", entity=entity, unit=unit, rate=2, price=3, **common
        )


def found(name, operator=None):
    """Results of a group by title."""
    return {result.title: result for result in groups.BY_NAME[name].look(operator)}


def test_it_comes_by_itself_once_a_log_in_until_it_is_done(mine, owner):
    assert mine.get("/admin/").url == PAGE
    assert mine.get(PAGE).status_code == 200
    assert mine.get("/admin/").status_code == 200
    mine.force_login(owner)
    FirstRun.objects.update_or_create(pk=1, defaults={"done_at": owner.date_joined})
    assert mine.get("/admin/").status_code == 200


def test_it_is_for_those_who_may(client, stranger, owner):
    stranger.is_staff = True
    stranger.save()
    client.force_login(stranger)
    assert client.get("/admin/").status_code == 200
    assert client.get(PAGE).status_code == 403
    for act in ["rate_units", "markup", "letter", "sync", "done"]:
        assert client.post(reverse(f"first_run_{act}")).status_code == 403


def test_a_vendor_that_counts_otherwise_or_rejects_the_key_is_told_in_words(sandbox):
    told = found("vendor")
    assert told["Key to the vendor"].state == told["Balance with the vendor"].state == State.OK
    sandbox.fault("answer", action="balance", times=1, body={"balance": "5.00", "currency": "EUR"})
    assert "EUR" in found("vendor")["Balance with the vendor"].words
    sandbox.fault("answer", action="balance", times=1, body={"error": "Invalid API key"})
    told = found("vendor")
    assert (told["Connection to the vendor"].state, told["Key to the vendor"].state) == (State.OK, State.WRONG)


def test_a_vendor_that_is_away_is_red(broker):
    assert found("vendor")["Connection to the vendor"].state == State.WRONG


def test_a_queue_that_nobody_works_is_named(broker, now):
    for queue in QUEUES:
        heartbeat.beat(queue, now=now)
    assert found("work")["Worker and beat"].state == State.OK
    heartbeat.beat("mail", now=now - 2 * heartbeat.SILENT_AFTER)
    silent = found("work")["Worker and beat"]
    assert (silent.state, "queues: mail." in silent.words) == (State.WRONG, True)


def test_a_check_that_breaks_is_red_and_the_page_still_comes(mine, monkeypatch):
    monkeypatch.setattr(shop, "offered", lambda: 1 / 0)
    shown = mine.get(PAGE)
    assert shown.status_code == 200
    assert "This could not be checked: ZeroDivisionError." in shown.content.decode()


def test_keys_that_no_longer_read_what_was_encrypted_are_red(settings):
    assert found("keys")["Encryption key"].state == State.OK
    assert found("keys")["Encryption key"].state == State.OK
    settings.FIELD_ENCRYPTION_KEYS = ["b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXktMTI="]
    assert "can't be read" in found("keys")["Encryption key"].words


def test_what_a_rate_buys_is_asked_with_real_services_and_the_answer_counts(mine, shelf, sandbox):
    assert found("prices")["What a rate buys"].state == State.WRONG
    shown = mine.get(PAGE).content.decode()
    assert "SMM &lt;b&gt;" in shown
    assert "$0.02" in shown  # ten pieces of $2 for 1,000
    assert "$20.00" in shown  # and of $2 each
    lacking = mine.post(reverse("first_run_rate_units"), {"SMM": "1"})
    assert "Compare, and choose one." in lacking.content.decode()
    assert not RateUnit.objects.exists()
    mine.post(reverse("first_run_rate_units"), {"SMM": "1", "PRODUCT": "1"})
    assert set(Service.objects.values_list("unit", flat=True)) == {1}
    assert found("prices")["What a rate buys"].state == State.OK
    sync_catalog(accept_withdrawals=True)
    assert set(Service.objects.filter(entity="SMM").values_list("unit", flat=True)) == {1}


def test_the_mark_up_is_set_right_there(mine, shelf):
    mine.post(reverse("first_run_markup"), {"services": "50", "numbers": "10"})
    assert MarkupRule.objects.get().percent == 50
    assert set(Service.objects.values_list("price", flat=True)) == {Decimal(3)}
    page = mine.get(reverse("first_run")).content.decode()
    assert 'value="50"' in page
    assert 'value="10"' in page
    wrong = mine.post(reverse("first_run_markup"), {"services": "-1", "numbers": "10"})
    assert "A rule only adds" in wrong.content.decode()
    assert MarkupRule.objects.get().percent == 50


def test_a_test_letter_is_sent_or_why_not(mine, owner, mailoutbox, settings):
    mine.post(reverse("first_run_letter"))
    assert mailoutbox[0].to == [owner.email]
    assert found("shop")["E-mail"].state == State.OK
    settings.EMAIL_BACKEND = "core.mail.Backend"
    settings.EMAIL_DELIVERY_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    refused = mine.post(reverse("first_run_letter"), follow=True)
    assert "Nobody listens there" in refused.content.decode()
    assert found("shop")["E-mail"].state == State.WRONG


def test_it_is_done_only_when_nothing_is_in_the_way(mine, owner, monkeypatch):
    refused = mine.post(reverse("first_run_done"), follow=True)
    assert "Not yet: " in refused.content.decode()
    assert not FirstRun.objects.exclude(done_at=None).exists()
    monkeypatch.setattr("reseller.first_run.views.look_at_all", lambda operator: {})
    assert mine.post(reverse("first_run_done")).url == "/admin/"
    assert FirstRun.objects.get().done_by == owner


def test_the_command_says_the_same_to_scripts(broker, owner):
    said = StringIO()
    with pytest.raises(SystemExit):
        call_command("first_run", "--json", "--operator", owner.email, stdout=said)
    report = json.loads(said.getvalue())
    assert report["ok"] is False
    assert {"Key to the vendor", "Worker and beat", "Terms", "Your second factor"} & {
        c["title"] for c in report["checks"]
    }
