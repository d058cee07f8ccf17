"""Who may sign up: everybody, the invited, nobody."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from allauth.core.context import request_context
from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.db import transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts import invitations
from accounts.models import Invitation, User
from accounts.signup import SignupForm
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

NEW = "newcomer@example.com"


@pytest.fixture(autouse=True)
def _no_old_rate_limits():
    cache.clear()


@pytest.fixture
def invited(settings):
    settings.SIGNUP = "invited"


def invite(**fields) -> Invitation:
    return Invitation.objects.create(made_at=timezone.now(), **fields)


def sign_up(client: Client, code: str, email: str = NEW):
    return client.post(reverse("account_signup"), {"email": email, "password1": PASSWORD, "invite": code})


def test_closed_means_closed(client: Client, settings):
    settings.SIGNUP = "closed"

    page = client.get(reverse("account_signup")).content.decode()
    sign_up(client, invite().code)

    assert "New accounts are closed for now" in page
    assert ">Sign up</a>" not in page
    assert not User.objects.exists()


@pytest.mark.usefixtures("invited")
def test_without_an_invitation_nobody_gets_in(client: Client):
    page = client.get(reverse("account_signup")).content.decode()
    for code in ("", "guess", "\x00", "ü", "x" * 100):
        sign_up(client, code)

    assert "New accounts are by invitation" in page
    assert not User.objects.exists()


@pytest.mark.usefixtures("invited")
def test_the_link_of_an_invitation_lets_in_as_often_as_it_says(client: Client):
    made = invite(uses=2)
    page = client.get(reverse("account_signup"), {"invite": made.code}).content.decode()
    assert f'name="invite" value="{made.code}"' in page

    for number in range(3):
        sign_up(Client(), made.code, f"{number}@example.com")

    assert list(User.objects.order_by("pk").values_list("email", "invitation")) == [
        ("0@example.com", made.pk),
        ("1@example.com", made.pk),
    ]
    made.refresh_from_db()
    assert made.used == 2
    assert "used up" in client.get(reverse("account_signup"), {"invite": made.code}).content.decode()


@pytest.mark.usefixtures("invited")
def test_one_for_an_address_is_for_that_address(client: Client):
    made = invite(email="Friend@Example.com")

    page = sign_up(client, made.code, "other@example.com").content.decode()
    assert "for another e-mail address" in page
    assert f'name="invite" value="{made.code}"' in page
    sign_up(client, made.code, "friend@example.com")

    assert list(User.objects.values_list("email", flat=True)) == ["friend@example.com"]


@pytest.mark.usefixtures("invited")
def test_one_that_has_expired_lets_nobody_in(client: Client):
    sign_up(client, invite(expires_at=timezone.now() - timedelta(seconds=1)).code)

    assert not User.objects.exists()


def test_the_last_use_goes_to_one_of_two(customer: User, stranger: User):
    made = invite()
    with transaction.atomic():
        invitations.use(made.code, user=customer, now=timezone.now())

    with pytest.raises(invitations.CantUse):
        invitations.use(made.code, user=stranger, now=timezone.now())


@pytest.mark.usefixtures("invited")
def test_a_sign_up_that_loses_the_last_use_to_another_leaves_no_account(rf: RequestFactory):
    made = invite()
    request = rf.post(reverse("account_signup"))
    request.user, request.session = AnonymousUser(), SessionStore()
    with request_context(request):
        form = SignupForm({"email": NEW, "password1": PASSWORD, "invite": made.code})
        assert form.is_valid()
        Invitation.objects.filter(pk=made.pk).update(used=1)

        with pytest.raises(ImmediateHttpResponse):
            form.save(request)

    assert not User.objects.exists()


def test_an_operator_makes_one_and_gets_the_link_to_pass_on(client: Client, operator: User):
    client.force_login(operator)

    client.post(
        reverse("admin:accounts_invitation_add"),
        {"email": "", "uses": "3", "expires_at_0": "", "expires_at_1": "", "note": "Friends"},
    )

    made = Invitation.objects.get()
    assert (made.uses, made.note, made.made_by) == (3, "Friends", operator)
    page = client.get(reverse("admin:accounts_invitation_change", args=[made.pk])).content.decode()
    assert f"http://testserver{reverse('account_signup')}?invite={made.code}" in page
    assert client.get(reverse("admin:accounts_invitation_changelist")).status_code == HTTPStatus.OK
