"""Every page of the admin, of rows that are there, by every role: what the table of rights does not give is refused."""

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import URLResolver, reverse

from accounts.models import User
from accounts.roles import rights_of
from core.admin_acts import ActsAdmin
from core.models import StaffAct
from reseller.books import audit
from reseller.first_run import views as first_run
from tests.reseller.test_query_counts import catalogue, lived_in, projects, sandbox
from tests.staff.test_roles import NOT_OWNERS, member

__all__ = ["catalogue", "lived_in", "projects", "sandbox"]
pytestmark = pytest.mark.django_db

# What stands beside the pages of rows and their acts: by its name, the right that it needs, and whose number it wants.
BESIDE = {
    "admin:accounts_user_sign_in_as": ("accounts.sign_in_as", User),
    "admin:orders_order_items": ("orders.view_delivereditem", "orders.order"),
    "admin:sms_number_messages": ("sms.view_message", "sms.number"),
    "admin:wallet_account_adjust": ("wallet.change_account", User),
    "admin:catalog_syncrun_synchronise": ("catalog.add_syncrun", None),
    "admin:books_profit": ("books.view_day", None),
    "admin:books_month": ("books.view_day", None),
    "admin:books_files": ("books.view_day", None),
    "admin:auth_user_password_change": ("", User),
    "first_run": ("reseller.view_firstrun", None),
    "first_run_part": ("reseller.view_firstrun", "vendor"),
    "first_run_rate_units": ("reseller.change_firstrun", None),
    "first_run_markup": ("reseller.change_firstrun", None),
    "first_run_letter": ("reseller.change_firstrun", None),
    "first_run_sync": ("reseller.change_firstrun", None),
    "first_run_done": ("reseller.change_firstrun", None),
}


# What all of staff may open: it shows each what they may see.
FOR_ALL = {"index", "login", "logout", "password_change", "password_change_done", "autocomplete", "jsi18n", "search"}
FOR_ALL |= {"view_on_site", "app_list"}


def named(patterns):
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from named(each.url_patterns)
        elif each.name:
            yield each.name


def test_every_page_beside_the_rows_stands_in_the_list():
    rows = re.compile("_(changelist|add|change|delete|history)$")
    acts = {
        page._act_name(act)
        for page in admin.site._registry.values()
        for act in (page.acts if isinstance(page, ActsAdmin) else ())
    }
    beside = {name for name in named(admin.site.urls[0]) if not rows.search(name)} - acts - FOR_ALL
    beside |= {"auth_user_password_change"} | {name for _rest, name, _view in first_run.URLS}
    assert beside == {name.removeprefix("admin:") for name in BESIDE}


def row_of(model):
    return model._default_manager.order_by("-pk").first()


@pytest.mark.parametrize("role", NOT_OWNERS)
def test_what_the_table_does_not_give_is_refused_for_rows_that_are_there(lived_in, role):
    client, rights = member(role), rights_of(role)
    looked = 0
    for model, page in admin.site._registry.items():
        app, name, row = model._meta.app_label, model._meta.model_name, row_of(model)
        if row is None:
            continue
        looked += 1
        sees = f"{app}.view_{name}" in rights
        for kind in ("change", "history"):
            address = reverse(f"admin:{app}_{name}_{kind}", args=[row.pk])
            assert sees or client.get(address).status_code == 403, address
        if f"{app}.change_{name}" not in rights:
            address = reverse(f"admin:{app}_{name}_change", args=[row.pk])
            assert client.post(address, {"_save": "1"}).status_code == 403, address
        if f"{app}.delete_{name}" not in rights:
            address = reverse(f"admin:{app}_{name}_delete", args=[row.pk])
            assert client.post(address, {"post": "yes"}).status_code == 403, address
        for act in page.acts if isinstance(page, ActsAdmin) else ():
            if sees and act.permission in rights:
                continue
            address = page.act_url(act, row)
            for answer in (client.get(address), client.post(address, {"confirmed": "1", "reason": "x"})):
                assert answer.status_code == 403, address
    assert looked > 30
    assert not StaffAct.objects.exclude(kind="LOG_IN").exists()
    assert audit().problems == []


@pytest.mark.parametrize("role", NOT_OWNERS)
def test_pages_beside_the_rows_are_refused_as_well(lived_in, role):
    client, rights = member(role), rights_of(role)
    for name, (right, of) in BESIDE.items():
        if right in rights:
            continue
        if of is User:
            args = [lived_in.customer.pk]
        else:
            args = [row_of(apps.get_model(of)).pk] if of and "." in of else [of] if of else []
        address = reverse(name, args=args)
        for answer in (client.get(address), client.post(address, {"reason": "x", "confirmed": "1"})):
            assert answer.status_code in (403, 405), address
    assert not StaffAct.objects.exclude(kind="LOG_IN").exists()


@pytest.mark.parametrize("role", NOT_OWNERS)
def test_an_action_of_a_list_does_nothing_without_its_right(lived_in, role):
    client, rights = member(role), rights_of(role)
    tried = 0
    for model, page in admin.site._registry.items():
        app, name, row = model._meta.app_label, model._meta.model_name, row_of(model)
        if row is None or f"{app}.view_{name}" not in rights or f"{app}.change_{name}" in rights:
            continue
        address = reverse(f"admin:{app}_{name}_changelist")
        names = {action if isinstance(action, str) else action.__name__ for action in page.actions or ()}
        for action in names | {"delete_selected"}:
            before = model._default_manager.filter(pk=row.pk).values().first()
            client.post(address, {"action": action, "_selected_action": [row.pk], "post": "yes", "confirmed": "1"})
            assert model._default_manager.filter(pk=row.pk).values().first() == before, (address, action)
            tried += 1
        rows = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": row.pk, "_save": "1"}
        if page.list_editable:
            assert client.post(address, rows).status_code == 403, address
    assert tried > 5
    assert not StaffAct.objects.exclude(kind="LOG_IN").exists()
