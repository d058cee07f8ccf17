"""Two factors: codes of an app, recovery codes, and operators who must have one. Passkeys: tests/journeys."""

import base64
import hashlib
import hmac
import re
import struct
import time
from http import HTTPStatus

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts import second_factor
from accounts.models import User
from tests.accounts.test_log_ins import alive, log_in
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_old_rate_limits():
    cache.clear()


def code_for(secret: str, *, ahead: int = 0) -> str:
    """What an app shows for the secret now (RFC 6238), or `ahead` steps later."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + ahead), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def confirmed_again(client: Client, path: str) -> str:
    """The page at `path`, after the password that it asks for."""
    asked = client.get(path, follow=True)
    assert reverse("account_reauthenticate") in asked.redirect_chain[-1][0]
    return client.post(asked.redirect_chain[-1][0], {"password": PASSWORD, "next": path}, follow=True).content.decode()


def set_up(client: Client) -> str:
    """Switch the app's codes on; the secret."""
    address = reverse("mfa_activate_totp")
    page = confirmed_again(client, address)
    (secret,) = re.findall(r'id="totp-secret">([A-Z2-7]+)<', page)
    client.post(address, {"code": code_for(secret)})
    return secret


def test_setting_it_up_asks_for_the_password_again(customer: User):
    response = log_in(customer).get(reverse("mfa_activate_totp"))

    assert response["Location"].startswith(reverse("account_reauthenticate"))


def test_the_picture_for_the_camera_is_let_in_by_the_policy(customer: User):
    client = log_in(customer)
    page = confirmed_again(client, reverse("mfa_activate_totp"))

    assert re.search(r'<img class="qr" src="data:image/svg\+xml;base64,[A-Za-z0-9+/=]+"', page)
    policy = client.get(reverse("mfa_index"))["Content-Security-Policy"]
    assert re.search(r"img-src 'self' data:", policy)
    assert "unsafe" not in policy


def test_the_secret_is_kept_encrypted(customer: User):
    secret = set_up(log_in(customer))

    (kept,) = Authenticator.objects.filter(user=customer, type="totp").values_list("data", flat=True)
    assert secret not in str(kept)
    assert second_factor.Adapter().decrypt(kept["secret"]) == secret


def test_then_a_password_alone_lets_nobody_in_and_a_code_does(customer: User):
    secret = set_up(log_in(customer))
    client = Client()

    response = client.post(reverse("account_login"), {"login": customer.email, "password": PASSWORD})
    assert response["Location"] == reverse("mfa_authenticate")
    assert not alive(client)
    wrong = client.post(reverse("mfa_authenticate"), {"code": "000000"}).content.decode()
    assert re.search(r'id="id_code_error">.*?not the right code', wrong, re.DOTALL)
    assert not alive(client)
    # A code is good once; the next one is accepted a step early, as a phone's clock may be ahead.
    client.post(reverse("mfa_authenticate"), {"code": code_for(secret, ahead=1)})
    assert alive(client)


def test_a_recovery_code_lets_in_once(customer: User):
    here = log_in(customer)
    set_up(here)
    page = here.get(reverse("mfa_view_recovery_codes")).content.decode()
    codes = re.findall(r"<li>(\d{8})</li>", page)
    assert len(codes) == 10

    def try_code(code: str) -> bool:
        client = Client()
        client.post(reverse("account_login"), {"login": customer.email, "password": PASSWORD})
        client.post(reverse("mfa_authenticate"), {"code": code})
        return alive(client)

    assert [try_code(codes[0]), try_code(codes[0]), try_code(codes[1])] == [True, False, True]


def test_codes_cant_be_guessed(customer: User):
    set_up(log_in(customer))
    client = Client()
    client.post(reverse("account_login"), {"login": customer.email, "password": PASSWORD})

    answers = [client.post(reverse("mfa_authenticate"), {"code": f"{number:06d}"}) for number in range(7)]

    assert "Too many" in answers[-1].content.decode()


@pytest.mark.django_db(transaction=True)
def test_changes_are_told_by_e_mail_in_the_shops_words(customer: User):
    client = log_in(customer)
    set_up(client)
    client.post(reverse("mfa_deactivate_totp"))

    assert [message.subject for message in mail.outbox] == [
        "[Fairstock] Codes of an app are on",
        "[Fairstock] Codes of an app are off",
    ]
    assert "Chrome on Linux" in str(mail.outbox[0].body)
    assert not second_factor.has_one(customer)


def test_an_address_that_is_not_confirmed_can_have_no_second_factor(customer: User):
    from allauth.account.models import EmailAddress

    EmailAddress.objects.filter(user=customer).update(verified=False)

    page = log_in(customer).get(reverse("mfa_activate_totp"), follow=True).content.decode()

    assert "Confirm your e-mail address first" in page


@pytest.mark.parametrize(
    "name", ["mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "mfa_list_webauthn", "mfa_generate_recovery_codes"]
)
def test_every_page_of_it_is_in_the_shops_own_frame(customer: User, name: str):
    client = log_in(customer)
    if name not in ("mfa_index", "mfa_list_webauthn"):
        confirmed_again(client, reverse(name))
    page = client.get(reverse(name)).content.decode()

    assert '<nav class="tabs"' in page
    assert re.search(r'aria-current="page">Two factors<', page)


def test_a_page_for_one_factor_takes_few_queries(customer: User, django_assert_max_num_queries):
    client = log_in(customer)
    set_up(client)

    with django_assert_max_num_queries(12):
        assert "10 codes are left" in client.get(reverse("mfa_index")).content.decode()


# ── Operators ──────────────────────────────────────────────────────────────────────────────────────
def test_an_operator_without_one_is_led_to_set_it_up(operator: User, settings):
    settings.STAFF_NEEDS_TWO_FACTORS = True
    client = log_in(operator)

    response = client.get(reverse("admin:index"), follow=True)

    assert response.redirect_chain == [(reverse("mfa_index"), HTTPStatus.FOUND)]
    assert "you need a second factor" in response.content.decode()
    for method in (client.get, client.post):
        assert method(reverse("admin:orders_order_changelist"))["Location"] == reverse("mfa_index")


def test_an_operator_with_one_is_let_in(operator: User, settings):
    settings.STAFF_NEEDS_TWO_FACTORS = True
    client = log_in(operator)
    set_up(client)

    assert client.get(reverse("admin:index")).status_code == HTTPStatus.OK


def test_whoever_set_one_up_comes_back_to_where_they_wanted_to_go(operator: User, settings):
    settings.STAFF_NEEDS_TWO_FACTORS = True
    client = log_in(operator)
    wanted = reverse("admin:orders_order_changelist") + "?q=7"
    client.get(wanted)
    assert client.get(reverse("mfa_index")).status_code == HTTPStatus.OK
    set_up(client)

    assert client.get(reverse("mfa_index"))["Location"] == wanted
    assert client.get(reverse("mfa_index")).status_code == HTTPStatus.OK


def test_every_page_of_the_admin_asks_for_one(operator: User, settings):
    settings.STAFF_NEEDS_TWO_FACTORS = True
    client = log_in(operator)
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        for address in (reverse(f"{name}_changelist"), reverse(f"{name}_add"), reverse(f"{name}_change", args=[1])):
            assert client.get(address)["Location"] == reverse("mfa_index"), address
            assert client.post(address)["Location"] == reverse("mfa_index"), address


def test_recovery_codes_alone_are_no_second_factor(operator: User, settings):
    settings.STAFF_NEEDS_TWO_FACTORS = True
    Authenticator.objects.create(user=operator, type=Authenticator.Type.RECOVERY_CODES, data={})

    assert log_in(operator).get(reverse("admin:index"))["Location"] == reverse("mfa_index")


def test_where_it_is_not_asked_for_the_admin_opens(operator: User, settings):
    settings.STAFF_NEEDS_TWO_FACTORS = False

    assert log_in(operator).get(reverse("admin:index")).status_code == HTTPStatus.OK


def test_an_operator_can_still_log_out_and_a_customer_sees_nothing_of_it(operator: User, customer: User, settings):
    settings.STAFF_NEEDS_TWO_FACTORS = True
    client = log_in(operator)

    client.post(reverse("admin:logout"))

    assert not alive(client)
    assert log_in(customer).get(reverse("admin:index"))["Location"] != reverse("mfa_index")


def test_an_operator_helps_somebody_who_lost_theirs_and_never_sees_the_secret(operator: User, customer: User):
    secret = set_up(log_in(customer))
    client = log_in(operator)
    row = Authenticator.objects.get(user=customer, type="totp")

    page = client.get(reverse("admin:mfa_authenticator_change", args=[row.pk])).content.decode()
    assert customer.email in page
    assert secret not in page
    assert row.data["secret"] not in page
    assert client.get(reverse("admin:mfa_authenticator_changelist")).status_code == HTTPStatus.OK
    client.post(reverse("admin:mfa_authenticator_delete", args=[row.pk]), {"post": "yes"})

    assert not second_factor.has_one(customer)
