"""The first run where everything is broken at once: no page breaks, each line is red or says what to do."""

import pytest
from django.urls import reverse

from catalog.models import MarkupRule
from core.models import StaffAct
from reseller.first_run import groups
from reseller.first_run.result import State
from reseller.models import FirstRun
from tests.reseller.test_first_run import PAGE, found, mine, shelf

__all__ = ["mine", "shelf"]
pytestmark = pytest.mark.django_db

NO_KEY = ["b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXktMTI="]


@pytest.fixture
def broken(settings, broker, shelf):
    """No vendor, no key to it, other encryption keys, no mail server, no broker and no worker."""
    found("keys")  # the sample is written with the key of before
    settings.UPSTREAM_URL = "http://127.0.0.1:9/"
    settings.UPSTREAM_KEY = ""
    settings.FIELD_ENCRYPTION_KEYS = NO_KEY
    settings.EMAIL_BACKEND = "core.mail.Backend"
    settings.EMAIL_DELIVERY_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:9/0"
    settings.SHOP_URL = "http://shop.example"
    settings.DEBUG = False


def test_every_page_comes_and_every_red_line_says_what_to_do(mine, owner, broken):
    shown = mine.get(f"{PAGE}?all=1")
    assert shown.status_code == 200
    for group in groups.GROUPS:
        assert mine.get(reverse("first_run_part", args=[group.name])).status_code == 200
        for result in group.look(owner):
            assert result.state == State.OK or result.todo, result
    assert found("vendor")["Connection to the vendor"].state == State.WRONG
    assert found("work")["Broker" if "Broker" in found("work") else "Worker and beat"].state == State.WRONG
    assert "can't be read" in found("keys")["Encryption key"].words
    assert found("catalogue")["Catalogue"].state == State.WRONG
    assert mine.get("/admin/").status_code == 200


def test_what_is_answered_there_answers_without_breaking_as_well(mine, owner, broken):
    for act, typed in (
        ("markup", {"services": "50", "numbers": "10"}),
        ("rate_units", {"SMM": "1000", "PRODUCT": "1"}),
        ("letter", {}),
        ("sync", {}),
        ("done", {}),
    ):
        assert mine.post(reverse(f"first_run_{act}"), typed).status_code == 302, act
    assert MarkupRule.objects.get(service=None).percent == 50
    assert StaffAct.objects.filter(table="reseller.firstrun", said__startswith="Mark-up.").exists()
    assert not FirstRun.objects.exclude(done_at=None).defer("sample").exists()


@pytest.mark.parametrize("url", ["", "not an address", "http://[::1", "https://user:pass@127.0.0.1:9/", "ftp://x"])
def test_an_address_of_the_vendor_that_is_none_is_red(mine, settings, broker, url):
    settings.UPSTREAM_URL = url
    shown = mine.get(reverse("first_run_part", args=["vendor"]))
    assert shown.status_code == 200
    results = groups.BY_NAME["vendor"].look(None)
    assert any(result.state == State.WRONG and result.todo for result in results)
    assert "pass" not in "".join(result.words for result in results)


def test_a_key_that_is_missing_and_a_balance_of_nothing_are_red(sandbox, settings):
    sandbox.fault("answer", action="balance", times=1, body={"balance": "0.00", "currency": "USD"})
    balance = found("vendor")["Balance with the vendor"]
    assert (balance.state, "Top it up" in balance.todo) == (State.WRONG, True)
    settings.UPSTREAM_KEY = ""
    told = found("vendor")
    assert any(result.state == State.WRONG and result.todo for result in told.values())


def test_no_encryption_key_at_all_is_red(mine, settings, broken):
    settings.FIELD_ENCRYPTION_KEYS = []
    assert found("keys")["Secrets and data"].state == State.WRONG
    assert mine.get(PAGE).status_code == 200
