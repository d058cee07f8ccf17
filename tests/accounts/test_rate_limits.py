"""Who tries too often is asked to wait, in words, on a page of the shop's own."""

from http import HTTPStatus

import pytest
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_old_rate_limits():
    cache.clear()
    yield
    cache.clear()


def refused(response) -> bool:
    """Whether it is the shop's own page that asks to wait."""
    return (
        response.status_code == HTTPStatus.TOO_MANY_REQUESTS
        and "That was a bit much at once" in response.content.decode()
        and '<main class="page" id="main"' in response.content.decode()
    )


def test_passwords_cant_be_guessed_one_after_the_other(client: Client, customer: User):
    address = reverse("account_login")
    for _guess in range(5):
        client.post(address, {"login": customer.email, "password": "wrong"})

    page = client.post(address, {"login": customer.email, "password": PASSWORD}).content.decode()

    assert "Too many failed attempts" in page
    assert "_auth_user_id" not in client.session


def test_one_address_cant_try_many_accounts(client: Client):
    answers = [
        client.post(reverse("account_login"), {"login": f"{number}@example.com", "password": "wrong"})
        for number in range(31)
    ]

    assert refused(answers[-1])
    assert not refused(answers[0])


def test_sign_ups_from_one_address_have_an_end(client: Client):
    answers = [client.post(reverse("account_signup"), {"email": "no address", "password1": "x"}) for _ in range(21)]

    assert refused(answers[20])
    assert not refused(answers[19])


def test_a_mailbox_cant_be_flooded_with_resets(client: Client, customer: User):
    answers = [client.post(reverse("account_reset_password"), {"email": customer.email}) for _ in range(6)]

    assert refused(answers[5])
    assert len(mail.outbox) == 5


def test_a_full_cache_forgets_no_limit_too_soon():
    assert settings.CACHES["default"]["OPTIONS"]["MAX_ENTRIES"] >= 50_000
