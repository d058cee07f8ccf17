"""What each kind of staff may do: the table, page by page and act by act, by address too."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.roles import CATALOGUE, FINANCE, OWNER, RIGHTS, ROLES, SUPPORT, rights_of
from core.admin_acts import ActsAdmin

pytestmark = pytest.mark.django_db

NOT_OWNERS = [role for role in ROLES if role != OWNER]
MODELS = list(admin.site._registry)
# Pages whose own rule is narrower than the right: the rows of these nobody adds, changes or deletes there.
LISTS = {"changelist": "view", "add": "add", "history": "view", "change": "view", "delete": "delete"}


def member(role):
    """A browser of somebody with this role."""
    person = User.objects.create_user(f"{role.lower()}@example.com", "x", is_staff=True)
    person.groups.add(Group.objects.get_or_create(name=role)[0])
    client = Client()
    client.force_login(person)
    client.person = person
    return client


def test_every_page_of_the_admin_stands_in_the_table_and_every_line_of_it_has_a_page_or_rows():
    from django.apps import apps

    paged = {model._meta.label_lower for model in MODELS}
    inlines = {inline.model._meta.label_lower for page in admin.site._registry.values() for inline in page.inlines}
    # Read on the pages of the numbers they came to.
    assert set(RIGHTS) == paged | inlines | {"sms.message"}
    for table, rights in RIGHTS.items():
        apps.get_model(table)
        assert set(rights) <= set(NOT_OWNERS), table
        for letters in rights.values():
            assert set(letters) <= set("vacd"), table
            assert "v" in letters, table


def test_a_right_to_see_is_needed_by_every_act_too():
    for page in admin.site._registry.values():
        for act in page.acts if isinstance(page, ActsAdmin) else ():
            app, _, right = act.permission.partition(".")
            assert right.startswith(("add_", "change_", "delete_")), act
            assert any(act.permission in rights_of(role) for role in NOT_OWNERS) or app in ("accounts", "notices")


@pytest.mark.parametrize("role", NOT_OWNERS)
def test_each_page_opens_for_whom_the_table_says_and_for_nobody_else(role):
    client = member(role)
    for model in MODELS:
        app, name = model._meta.app_label, model._meta.model_name
        may = {right: f"{app}.{right}_{name}" in rights_of(role) for right in ("view", "add", "change", "delete")}
        answer = client.get(reverse(f"admin:{app}_{name}_changelist"))
        assert (answer.status_code != 403) == may["view"], model
        answer = client.get(reverse(f"admin:{app}_{name}_add"))
        if not may["add"]:
            assert answer.status_code in (403, 404), model
        # A row that is not there leads back to the index for whoever may see the table, and is refused to others.
        for act in ("change", "delete", "history"):
            answer = client.post(reverse(f"admin:{app}_{name}_{act}", args=[10**9]), {"post": "yes"})
            assert answer.status_code in (302, 403), (model, act)
            if act == "delete" and not may["delete"]:
                assert answer.status_code == 403, model


@pytest.mark.parametrize("role", NOT_OWNERS)
def test_each_act_is_refused_by_address_to_whoever_lacks_its_right(role, rf, db):
    client = member(role)
    for model, page in admin.site._registry.items():
        for act in page.acts if isinstance(page, ActsAdmin) else ():
            request = rf.post("/")
            request.user = client.person
            allowed = page.has_view_permission(request) and client.person.has_perm(act.permission)
            expected = f"{model._meta.app_label}.view_{model._meta.model_name}" in rights_of(role)
            assert allowed == (expected and act.permission in rights_of(role)), act


def test_staff_without_a_role_open_nothing_but_the_index(db):
    person = User.objects.create_user("nobody@example.com", "x", is_staff=True)
    client = Client()
    client.force_login(person)
    assert client.get(reverse("admin:index")).status_code == 200
    for model in MODELS:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        assert client.get(address).status_code == 403, model


FINANCE_PAGES = [
    *("wallet_transfer", "wallet_hold", "funds_topup", "funds_batch", "funds_debt", "funds_bonus", "reconcile_finding"),
    *("upstream_balancereading", "core_staffact", "auth_group", "notices_mailing"),
]


def test_support_is_refused_the_finance_pages_by_address(customer):
    client = member(SUPPORT)
    for page in FINANCE_PAGES:
        assert client.get(reverse(f"admin:{page}_changelist")).status_code == 403, page
    adjust = reverse("admin:wallet_account_adjust", args=[customer.pk])
    before = customer.account.balance
    for answer in (client.get(adjust), client.post(adjust, {"amount": "5", "reason": "x", "confirmed": "1"})):
        assert answer.status_code == 403
    customer.account.refresh_from_db()
    assert customer.account.balance == before
    assert client.get(reverse("admin:accounts_user_change", args=[customer.pk])).status_code == 200


def test_nobody_but_owners_gives_roles_or_touches_staff(customer, operator):
    for role in NOT_OWNERS:
        client = member(role)
        page = reverse("admin:accounts_user_change", args=[customer.pk])
        group = Group.objects.get_or_create(name=OWNER)[0]
        client.post(page, {"is_active": "on", "is_staff": "on", "groups": [group.pk]})
        customer.refresh_from_db()
        assert not customer.is_staff
        assert not customer.groups.exists()
        assert client.post(reverse("admin:accounts_user_change", args=[operator.pk]), {}).status_code == 403
        word = reverse("admin:auth_user_password_change", args=[customer.pk])
        assert client.post(word, {"password1": "q w e r t y 1 2", "password2": "q w e r t y 1 2"}).status_code == 403


def test_an_owner_gives_a_role_and_it_holds_at_once(customer):
    owner = member(OWNER)
    group = Group.objects.get_or_create(name=CATALOGUE)[0]
    page = reverse("admin:accounts_user_change", args=[customer.pk])
    assert owner.get(page).status_code == 200
    answer = owner.post(page, {"is_active": "on", "is_staff": "on", "groups": [group.pk]})
    assert answer.status_code == 302
    client = Client()
    client.force_login(User.objects.get(pk=customer.pk))
    assert client.get(reverse("admin:catalog_markuprule_changelist")).status_code == 200
    assert client.get(reverse("admin:wallet_transfer_changelist")).status_code == 403


def test_roles_are_no_use_to_whoever_is_no_staff_or_closed(customer):
    customer.groups.add(Group.objects.get_or_create(name=FINANCE)[0])
    assert not User.objects.get(pk=customer.pk).has_perm("wallet.view_transfer")
    User.objects.filter(pk=customer.pk).update(is_staff=True, is_active=False)
    assert not User.objects.get(pk=customer.pk).has_perm("wallet.view_transfer")


def test_a_role_itself_is_neither_renamed_nor_deleted(operator):
    client = Client()
    client.force_login(operator)
    group = Group.objects.get_or_create(name=SUPPORT)[0]
    page = reverse("admin:auth_group_change", args=[group.pk])
    assert "orders.view_order" in client.get(page).content.decode()
    assert client.post(page, {"name": "Mine"}).status_code == 403
    assert client.post(reverse("admin:auth_group_delete", args=[group.pk]), {"post": "yes"}).status_code == 403
