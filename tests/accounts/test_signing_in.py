"""Signing up, in and out, confirming an address, losing a password: through the pages, as a person does."""

import re
from http import HTTPStatus

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

NEW = "newcomer@example.com"


@pytest.fixture(autouse=True)
def _no_old_rate_limits():
    cache.clear()


def link_in(message: mail.EmailMessage) -> str:
    """The path of the one link in an e-mail."""
    (path,) = re.findall(r"https?://testserver(/\S+)", str(message.body))
    return path


def test_signing_up_takes_an_address_and_a_password_and_lets_in(client: Client):
    response = client.post(reverse("account_signup"), {"email": NEW, "password1": PASSWORD})

    assert response.status_code == HTTPStatus.FOUND
    assert response["Location"] == reverse(settings.LOGIN_REDIRECT_URL)
    assert User.objects.get(email=NEW).check_password(PASSWORD)
    assert client.session["_auth_user_id"]


def test_the_confirmation_mail_bears_the_shops_name_and_its_link_confirms(client: Client):
    client.post(reverse("account_signup"), {"email": NEW, "password1": PASSWORD})
    (message,) = mail.outbox

    assert message.subject == f"[{settings.SHOP_NAME}] Confirm your e-mail address"
    assert settings.SHOP_NAME in message.body
    assert "testserver" not in re.sub(r"https?://\S+", "", str(message.body))
    path = link_in(message)
    assert not EmailAddress.objects.get(email=NEW).verified
    assert NEW in client.get(path).content.decode()
    client.post(path)
    assert EmailAddress.objects.get(email=NEW).verified


def test_errors_stand_beside_their_field_and_what_was_typed_stays(client: Client):
    page = client.post(
        reverse("account_signup"), {"email": "not <an> address", "password1": "12345678"}
    ).content.decode()

    assert 'value="not &lt;an&gt; address"' in page
    assert 'aria-describedby="id_email_error"' in page
    assert re.search(r'id="id_email_error">.*?Enter a valid email address', page, re.DOTALL)
    assert re.search(r'id="id_password1_error">.*?too common', page, re.DOTALL)
    assert "12345678" not in page


@pytest.mark.parametrize("size", [255, 310])
def test_an_address_that_is_too_long_is_refused_and_never_cut(client: Client, customer: User, size: int):
    long = f"me@{'a' * 50}.{'b' * 50}.{'c' * 50}.{'d' * 50}.{'e' * 50}.{'f' * 50}"
    long = f"{long[: size - 8]}.example"
    answers = [client.post(reverse("account_signup"), {"email": long, "password1": PASSWORD})]
    client.force_login(customer)
    answers.append(client.post(reverse("account_email"), {"email": long, "action_add": ""}))

    for answer in answers:
        assert "at most 254 characters" in answer.content.decode()
    assert User.objects.count() == 1
    assert not EmailAddress.objects.filter(email__startswith="me@").exists()


def test_a_taken_address_is_said_beside_the_field_and_makes_no_second_account(client: Client, customer: User):
    client.post(reverse("account_signup"), {"email": customer.email.upper(), "password1": PASSWORD})

    assert User.objects.filter(email__iexact=customer.email).count() == 1


def test_a_wrong_password_lets_nobody_in_and_keeps_the_address(client: Client, customer: User):
    response = client.post(reverse("account_login"), {"login": customer.email, "password": "wrong"})

    page = response.content.decode()
    assert "do not belong together" in page
    assert f'value="{customer.email}"' in page
    assert "_auth_user_id" not in client.session


def test_logging_out_asks_first_and_needs_a_post(client: Client, customer: User):
    client.force_login(customer)

    assert client.get(reverse("account_logout")).status_code == HTTPStatus.OK
    assert "_auth_user_id" in client.session
    client.post(reverse("account_logout"))
    assert "_auth_user_id" not in client.session


def test_a_lost_password_is_replaced_through_the_link_in_the_mail(client: Client, customer: User):
    client.post(reverse("account_reset_password"), {"email": customer.email})
    (message,) = mail.outbox
    assert message.subject == f"[{settings.SHOP_NAME}] Reset your password"
    form = client.get(link_in(message), follow=True)
    action = form.redirect_chain[-1][0]
    assert "id_password2" in form.content.decode()

    replacement = "another long passphrase"
    client.post(action, {"password1": replacement, "password2": replacement})

    customer.refresh_from_db()
    assert customer.check_password(replacement)
    assert "no longer valid" in client.get(link_in(message), follow=True).content.decode()


def test_nobody_learns_from_a_reset_whether_an_address_has_an_account(client: Client, customer: User):
    pages = [
        client.post(reverse("account_reset_password"), {"email": email}, follow=True)
        for email in (customer.email, "nobody@example.com")
    ]

    assert pages[0].redirect_chain == pages[1].redirect_chain
    assert [message.to for message in mail.outbox] == [[customer.email]]


@pytest.mark.parametrize(
    "name",
    [
        "account_login",
        "account_signup",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key_done",
        "account_email_verification_sent",
        "account_inactive",
    ],
)
def test_a_visitors_page_is_in_the_shops_own_frame(client: Client, name: str):
    page = client.get(reverse(name)).content.decode()

    assert '<main class="page" id="main"' in page
    assert settings.SHOP_NAME in page


@pytest.mark.parametrize(
    "name",
    ["account_logout", "account_email", "account_change_password", "account_reauthenticate"],
)
def test_a_customers_page_is_in_the_shops_own_frame(client: Client, customer: User, name: str):
    client.force_login(customer)

    page = client.get(reverse(name)).content.decode()

    assert '<main class="page" id="main"' in page
    assert customer.email in page


def test_an_expired_confirmation_link_says_so(client: Client):
    page = client.get(reverse("account_confirm_email", args=["nonsense"])).content.decode()

    assert "This link is no longer valid" in page


def test_a_changed_password_is_saved_and_the_old_one_is_checked_beside_its_field(client: Client, customer: User):
    client.force_login(customer)
    address = reverse("account_change_password")
    fresh = "yet another passphrase"

    wrong = client.post(address, {"oldpassword": "no", "password1": fresh, "password2": fresh})
    assert re.search(r'id="id_oldpassword_error">.*?not your current password', wrong.content.decode(), re.DOTALL)
    client.post(address, {"oldpassword": PASSWORD, "password1": fresh, "password2": fresh})

    customer.refresh_from_db()
    assert customer.check_password(fresh)
