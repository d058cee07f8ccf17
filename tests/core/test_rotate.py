"""Changing the key of what is encrypted at rest: everything is found, and nothing is lost on the way."""

import json

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from api.webhooks.models import Webhook
from core import rotate, secrets

pytestmark = pytest.mark.django_db
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def kept(settings, customer):
    """Secrets under the old key: of a column, and inside the data of second factors."""
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    hook = Webhook.objects.create(
        customer=customer,
        url="https://example.com/",
        secret="whsec_1",
        active_since=timezone.now(),
        created_at=timezone.now(),
    )
    app = Authenticator.objects.create(user=customer, type="totp", data={"secret": secrets.encrypt("TOTP")})
    codes = {"seed": secrets.encrypt("seed"), "used_mask": 3, "migrated_codes": [secrets.encrypt("code")]}
    recovery = Authenticator.objects.create(user=customer, type="recovery_codes", data=codes)
    return hook, app, recovery


def run(capsys):
    call_command("rotate_keys")
    return json.loads(capsys.readouterr().out)


def test_after_it_the_old_key_may_go(kept, settings, capsys):
    hook, app, recovery = kept
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert run(capsys) == {"anew": 3, "already": 0, "unreadable": 0}

    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    hook.refresh_from_db()
    app.refresh_from_db()
    recovery.refresh_from_db()
    assert hook.secret == "whsec_1"
    assert secrets.decrypt(app.data["secret"]) == "TOTP"
    assert recovery.data["used_mask"] == 3
    assert [secrets.decrypt(text) for text in recovery.data["migrated_codes"]] == ["code"]
    assert run(capsys) == {"anew": 0, "already": 3, "unreadable": 0}


def test_what_no_key_reads_is_named_and_left_as_it_is(kept, settings, capsys):
    hook, _app, _recovery = kept
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    with pytest.raises(SystemExit) as ended:
        call_command("rotate_keys")
    assert ended.value.code == 1
    said = capsys.readouterr()
    assert f"webhooks.Webhook.secret of row {hook.pk}" in said.err or f"Webhook.secret of row {hook.pk}" in said.err
    assert json.loads(said.out)["unreadable"] == 3
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    hook.refresh_from_db()
    assert hook.secret == "whsec_1"


def test_a_text_that_was_changed_meanwhile_is_not_undone(kept, settings, monkeypatch):
    hook, _app, _recovery = kept
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    read = rotate._read

    def slow(*arguments):
        rows = read(*arguments)
        Webhook.objects.filter(pk=hook.pk).update(secret="whsec_2")
        return rows

    monkeypatch.setattr(rotate, "_read", slow)
    assert rotate.rotate(Webhook, "secret").anew == 0
    hook.refresh_from_db()
    assert hook.secret == "whsec_2"


def test_no_column_that_is_encrypted_is_forgotten():
    """Whatever stores ciphertext is a column that is found, or the data of second factors."""
    found = {(model._meta.db_table, name) for model, name in rotate.columns()}
    assert {("orders_delivereditem", "text"), ("sms_message", "code"), ("sms_message", "text")} <= found
    with connection.cursor() as cursor:
        for table, name in found:
            cursor.execute(f'SELECT "{name}" FROM "{table}" LIMIT 1')


def test_more_rows_than_a_batch_are_all_done(settings, customer, monkeypatch):
    monkeypatch.setattr(rotate, "BATCH", 2)
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    for number in range(5):
        Webhook.objects.create(
            customer=customer,
            url=f"https://example.com/{number}",
            secret=f"s{number}",
            active_since=timezone.now(),
            created_at=timezone.now(),
        )
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert rotate.rotate(Webhook, "secret").anew == 5
