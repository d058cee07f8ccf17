"""Staff who want more than their role gives: others' accounts, more rights, and what they may not look at."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.roles import FINANCE, OWNER, SUPPORT
from core.models import StaffAct
from tests.staff.test_roles import NOT_OWNERS, member

pytestmark = pytest.mark.django_db
LIST = "admin:account_emailaddress_changelist"


@pytest.mark.parametrize("role", NOT_OWNERS)
def test_an_address_is_confirmed_by_nobody_who_may_only_look(customer, role):
    client = member(role)
    mine = EmailAddress.objects.create(user=customer, email="mine@example.com", verified=False)
    for action in ("make_verified", "make_primary", "delete_selected"):
        client.post(reverse(LIST), {"action": action, "_selected_action": [mine.pk], "post": "yes"})
    mine.refresh_from_db()
    assert (mine.verified, mine.primary) == (False, False)


def test_an_owner_confirms_an_address_and_it_is_recorded(customer, stranger):
    client = member(OWNER)
    new = EmailAddress.objects.create(user=customer, email="new@example.com", verified=False)
    taken = EmailAddress.objects.create(user=customer, email=stranger.email, verified=False)
    chosen = {"action": "make_verified", "_selected_action": [new.pk, taken.pk]}
    shown = client.post(reverse(LIST), chosen, follow=True).content.decode()
    assert "is confirmed for somebody else" in shown
    assert list(EmailAddress.objects.filter(pk__in=[new.pk, taken.pk], verified=True)) == [new]
    (act,) = StaffAct.objects.all()
    assert (act.actor, act.table, act.row, act.said) == (
        client.person,
        "account.emailaddress",
        str(new.pk),
        "Marked as confirmed.",
    )


def test_an_owner_does_not_get_a_superusers_password_by_way_of_an_address(operator):
    client = member(OWNER)
    add = reverse("admin:account_emailaddress_add")
    client.post(add, {"user": operator.pk, "email": "mine@example.com", "verified": "on"})
    assert not EmailAddress.objects.filter(email="mine@example.com").exists()
    waits = EmailAddress.objects.create(user=operator, email="mine@example.com", verified=False)
    for action in ("make_verified", "make_primary", "delete_selected"):
        client.post(reverse(LIST), {"action": action, "_selected_action": [waits.pk], "post": "yes"})
    client.post(reverse("admin:account_emailaddress_change", args=[waits.pk]), {"verified": "on"})
    client.post(reverse("admin:account_emailaddress_delete", args=[waits.pk]), {"post": "yes"})
    waits.refresh_from_db()
    assert (waits.verified, waits.primary) == (False, False)
    operator.refresh_from_db()
    assert operator.email == "operator@example.com"


def test_an_owner_takes_no_superusers_second_factor_password_or_rights(operator):
    client = member(OWNER)
    factor = Authenticator.objects.create(user=operator, type="totp", data={"secret": "x"})
    client.post(reverse("admin:mfa_authenticator_delete", args=[factor.pk]), {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [factor.pk], "post": "yes"}
    client.post(reverse("admin:mfa_authenticator_changelist"), chosen)
    assert Authenticator.objects.filter(pk=factor.pk).exists()
    word = {"password1": "q w e r t y 1 2", "password2": "q w e r t y 1 2"}
    assert client.post(reverse("admin:auth_user_password_change", args=[operator.pk]), word).status_code == 403
    assert client.post(reverse("admin:accounts_user_change", args=[operator.pk]), {}).status_code == 403
    mine = reverse("admin:accounts_user_change", args=[client.person.pk])
    client.post(mine, {"is_active": "on", "is_staff": "on", "is_superuser": "on", "user_permissions": [1, 2]})
    client.person.refresh_from_db()
    assert not client.person.is_superuser
    assert not client.person.user_permissions.exists()


def test_nobody_shuts_themselves_out(customer, operator):
    client, desk = member(OWNER), Client()
    desk.force_login(operator)
    for browser, mine in ((client, client.person), (desk, operator)):
        page = browser.get(reverse("admin:accounts_user_change", args=[mine.pk])).content.decode()
        assert 'name="is_active"' not in page
        assert 'name="is_staff"' not in page
        assert 'name="groups"' not in page
        other = browser.get(reverse("admin:accounts_user_change", args=[customer.pk])).content.decode()
        assert 'name="is_active"' in other
        assert 'name="is_staff"' in other
        assert 'name="groups"' in other


def test_nobody_makes_an_account_of_staff_but_who_may_and_no_row_below_a_page_is_smuggled_in(customer):
    owners = Group.objects.get_or_create(name=OWNER)[0]
    for role in NOT_OWNERS:
        client = member(role)
        new = {"email": "x@example.com", "usable_password": "false", "is_staff": "on", "groups": [owners.pk]}
        assert client.post(reverse("admin:accounts_user_add"), new).status_code == 403
        page = reverse("admin:accounts_user_change", args=[client.person.pk])
        assert client.post(page, {"is_active": "on", "is_superuser": "on", "groups": [owners.pk]}).status_code == 403
        mine = reverse("admin:auth_user_password_change", args=[client.person.pk])
        assert client.get(mine).status_code == 403
    assert not User.objects.filter(email="x@example.com").exists()


def choices(client, app, model, field, term=""):
    where = {"app_label": app, "model_name": model, "field_name": field, "term": term}
    return client.get(reverse("admin:autocomplete"), where)


def test_choices_are_told_to_those_alone_who_may_see_the_table(customer, operator):
    support, finance = member(SUPPORT), member(FINANCE)
    assert choices(support, "accounts", "user", "groups").status_code == 403
    assert choices(support, "catalog", "markuprule", "category").status_code in (200, 403)
    told = choices(finance, "account", "emailaddress", "user", customer.email)
    assert "argon2" not in told.content.decode()
    assert choices(member("Catalogue"), "account", "emailaddress", "user").status_code == 403


@pytest.mark.parametrize(
    "query", ["password__startswith=argon2", "groups__permissions__codename=x", "totp=1", "socialaccount__uid=1"]
)
def test_a_list_is_not_asked_for_what_it_does_not_show(customer, query):
    client = member(SUPPORT)
    answer = client.get(reverse("admin:accounts_user_changelist") + f"?{query}")
    assert answer.status_code in (302, 400)
    answer = client.get(reverse("admin:orders_order_changelist") + f"?customer__{query}")
    assert answer.status_code in (302, 400)


def test_an_address_that_is_confirmed_for_somebody_else_is_refused_in_words_on_its_page_too(customer, stranger):
    client = member(OWNER)
    taken = EmailAddress.objects.create(user=customer, email=stranger.email, verified=False)
    page = reverse("admin:account_emailaddress_change", args=[taken.pk])
    answer = client.post(page, {"verified": "on"})
    assert answer.status_code == 200
    assert "confirmed for somebody else" in answer.content.decode()
    taken.refresh_from_db()
    assert not taken.verified
    again = {"user": customer.pk, "email": stranger.email.upper(), "verified": "on"}
    assert client.post(reverse("admin:account_emailaddress_add"), again).status_code == 200
    assert EmailAddress.objects.filter(verified=True, email__iexact=stranger.email).count() == 1
