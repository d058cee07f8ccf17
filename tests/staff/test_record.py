"""The record of staff: every page of the admin writes into it, nothing changes it, no secret is in it."""

import json
from decimal import Decimal

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from catalog.models import Category, MarkupRule, Service
from core import record
from core.admin_base import ShopAdmin
from core.models import StaffAct
from tests.accounts.test_log_ins import log_in
from tests.accounts.test_two_factors import code_for, set_up
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def newest():
    return StaffAct.objects.order_by("-pk").first()


def test_every_page_of_the_admin_records_what_is_done_there():
    recording = ("log_addition", "log_change", "log_deletions")
    for page in admin.site._registry.values():
        assert isinstance(page, ShopAdmin)
        for name in recording:
            assert getattr(type(page), name) is getattr(ShopAdmin, name), page


def test_a_changed_row_says_who_what_before_after_and_from_where(desk, operator, service):
    page = reverse("admin:catalog_service_change", args=[service.pk])
    desk.post(page, {"hidden": "on"}, headers={"user-agent": "A browser"})
    act = newest()
    assert (act.actor, act.kind, act.table, act.row) == (operator, "CHANGED", "catalog.service", str(service.pk))
    assert act.changes["hidden"] == [False, True]
    assert (act.address, act.agent) == ("127.0.0.1", "A browser")


def test_rows_below_a_row_and_rows_of_a_list_are_recorded(desk, save, service):
    MarkupRule.objects.all().delete()
    rule = {"percent": "50", "fixed": "0", "minimum_margin": "0", "rounding": "0.0001", "active": "on"}
    step = {"steps-TOTAL_FORMS": "1", "steps-INITIAL_FORMS": "0", "steps-0-from_quantity": "100"}
    save(reverse("admin:catalog_markuprule_add"), {**rule, **step, "steps-0-percent": "5"})
    act = newest()
    assert (act.kind, act.table) == ("ADDED", "catalog.markuprule")
    assert Decimal(act.changes["percent"][1]) == 50
    assert any("step" in name for name in act.changes)
    rows = {
        **{"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": service.category_id},
        **{"form-0-position": "3", "_save": "1"},
    }
    desk.post(reverse("admin:catalog_category_changelist"), rows)
    assert newest().changes["position"] == [Category.objects.model().position, 3]


def test_acts_on_many_rows_and_deletions_are_recorded_row_by_row(desk, save, service, product):
    chosen = {"action": "hide", "_selected_action": [service.pk, product.pk]}
    desk.post(reverse("admin:catalog_service_changelist"), chosen)
    assert set(StaffAct.objects.values_list("row", "said")) == {(str(pk), "Hidden.") for pk in (service.pk, product.pk)}
    assert Service.objects.filter(hidden=True).count() == 2
    rule = MarkupRule.objects.create(percent=3, service=service)
    save(reverse("admin:catalog_markuprule_delete", args=[rule.pk]), {"post": "yes"})
    assert (newest().kind, newest().row) == ("DELETED", str(rule.pk))


def test_an_act_with_a_reason_and_money_is_recorded_without_an_address(desk, customer):
    adjust = reverse("admin:wallet_account_adjust", args=[customer.pk])
    key = desk.get(adjust).context["form"].initial["key"]
    typed = {"amount": "5", "reason": f"promised to {customer.email}", "key": key, "confirmed": "1"}
    desk.post(adjust, typed)
    act = newest()
    assert (act.kind, act.table, act.row) == ("ACT", "wallet.account", str(customer.account.pk))
    assert "$5.00" in act.said
    assert act.reason == "promised to (address)"
    assert customer.email not in json.dumps([act.said, act.reason, act.changes])


def test_nothing_is_left_of_an_act_that_was_rolled_back(desk, customer, monkeypatch):
    adjust = reverse("admin:wallet_account_adjust", args=[customer.pk])
    key = desk.get(adjust).context["form"].initial["key"]
    monkeypatch.setattr(LogEntry.objects, "log_actions", lambda *_, **__: 1 / 0)
    desk.raise_request_exception = False
    assert desk.post(adjust, {"amount": "5", "reason": "x", "key": key, "confirmed": "1"}).status_code == 500
    assert not StaffAct.objects.exists()
    customer.account.refresh_from_db()
    assert customer.account.balance == 50


@pytest.mark.parametrize("spoil", ["update", "delete", "replace"])
def test_a_row_of_the_record_can_be_neither_changed_nor_removed(operator, spoil):
    act = record.note(kind=StaffAct.Kind.ACT, said="Paid back.", actor=operator)
    table = StaffAct._meta.db_table
    statement = {
        "update": f"UPDATE {table} SET said = 'Nothing.' WHERE id = {act.pk}",
        "delete": f"DELETE FROM {table} WHERE id = {act.pk}",
        "replace": f"INSERT OR REPLACE INTO {table} (id, said) VALUES ({act.pk}, '')",
    }[spoil]
    if spoil == "replace" and connection.vendor != "sqlite":
        statement = f"TRUNCATE {table}"
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what waits for the commit keeps it off, too
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert StaffAct.objects.get().said == "Paid back."
    assert record.TRIGGERS.present(connection)


def test_log_ins_wrong_passwords_and_factors_of_staff_are_recorded_and_of_customers_not(operator, customer):
    client = log_in(operator)
    set_up(client)
    client.post(reverse("mfa_deactivate_totp"))
    for person in (operator, customer):
        Client().post(reverse("account_login"), {"login": person.email, "password": "a wrong one"})
    log_in(customer)
    told = list(StaffAct.objects.order_by("pk").values_list("kind", "actor"))
    assert [kind for kind, _ in told if kind != "CREDENTIALS"] == ["LOG_IN", "LOG_IN_FAILED"]
    assert ("CREDENTIALS", operator.pk) in told
    assert {actor for _, actor in told} == {operator.pk}


def test_a_wrong_code_of_staff_is_recorded_and_a_right_one_and_a_customers_are_not(operator, customer):
    for person in (operator, customer):
        secret = set_up(log_in(person))
        before = StaffAct.objects.count()
        client = Client()
        client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
        for code in ("000000", "not-a-code"):
            client.post(reverse("mfa_authenticate"), {"code": code}, headers={"user-agent": "Thief"})
        if person == customer:
            assert StaffAct.objects.count() == before
            continue
        wrong = StaffAct.objects.filter(kind="LOG_IN_FAILED")
        assert [(act.actor, act.said, act.address, act.agent) for act in wrong] == [
            (operator, "A log-in with a wrong code.", "127.0.0.1", "Thief")
        ] * 2
        assert "000000" not in json.dumps([[act.said, act.reason, act.changes] for act in wrong])
        client.post(reverse("mfa_authenticate"), {"code": code_for(secret, ahead=1)})
        assert newest().said == "Logged in."
        client.post(reverse("mfa_reauthenticate"), {"code": "000000"})
        assert newest().said == "Asked for a code again, and a wrong one."


def test_codes_that_are_not_looked_at_any_more_fill_no_record(operator):
    set_up(log_in(operator))
    client = Client()
    client.post(reverse("account_login"), {"login": operator.email, "password": PASSWORD})
    for _turn in range(30):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert 0 < StaffAct.objects.filter(kind="LOG_IN_FAILED").count() <= 10


def test_no_secret_comes_into_the_record(desk, operator, customer):
    word = "quite a passphrase 8"
    desk.post(reverse("admin:auth_user_password_change", args=[customer.pk]), {"password1": word, "password2": word})
    typed = {"email": "new@example.com", "usable_password": "true", "password1": word, "password2": word}
    desk.post(reverse("admin:accounts_user_add"), typed)
    factor = Authenticator.objects.create(user=customer, type="totp", data={"secret": "tell-nobody"})
    desk.post(reverse("admin:mfa_authenticator_delete", args=[factor.pk]), {"post": "yes"})
    assert StaffAct.objects.count() == 3
    kept = json.dumps([[act.said, act.reason, act.changes] for act in StaffAct.objects.all()])
    for secret in (word, "tell-nobody", "new@example.com", PASSWORD, "argon2"):
        assert secret not in kept


def test_commands_with_money_are_recorded(customer, capsys):
    call_command("credit", customer.email, "2.50", reason="he wrote")
    call_command("create_customer", "else@example.com", credit="1.00")
    acts = list(StaffAct.objects.order_by("pk"))
    assert [(act.actor, act.agent) for act in acts] == [
        (None, "manage.py credit"),
        (None, "manage.py create_customer"),
    ]
    assert "$2.50" in acts[0].said
    assert "$1.00" in acts[1].said
