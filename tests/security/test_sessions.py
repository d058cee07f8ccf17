"""Who is logged in: by a session that nobody else could know, that ends when it should, under limits on guessing."""

import ast
from pathlib import Path

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from api import keys
from tests.conftest import PASSWORD
from tests.security.conftest import browser

pytestmark = pytest.mark.django_db
NEW = "another passphrase, as long"


def log_in(client, person, password=PASSWORD):
    return client.post(reverse("account_login"), {"login": person.email, "password": password})


def is_in(client):
    return client.get(reverse("orders:list")).status_code == 200


def test_a_session_from_before_the_log_in_is_worth_nothing_after_it(customer):
    """Somebody put their own session into the victim's browser, and waits."""
    attacker = Client()
    attacker.session["planted"] = True
    session = attacker.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    victim = Client()
    victim.cookies["sessionid"] = planted
    assert log_in(victim, customer).status_code == 302
    assert victim.cookies["sessionid"].value != planted
    assert is_in(victim)
    attacker.cookies["sessionid"] = planted
    assert not is_in(attacker)
    assert not Session.objects.filter(session_key=planted).exists()


def test_a_session_key_that_somebody_made_up_is_not_taken(customer):
    victim = Client()
    victim.cookies["sessionid"] = "a" * 32
    log_in(victim, customer)
    assert victim.cookies["sessionid"].value != "a" * 32
    assert is_in(victim)


def test_the_token_of_forms_changes_with_the_log_in(customer):
    client = Client()
    client.get(reverse("account_login"))
    before = client.cookies["csrftoken"].value
    log_in(client, customer)
    assert client.cookies["csrftoken"].value != before


def test_a_log_out_ends_the_session_itself(customer):
    client = Client()
    log_in(client, customer)
    stolen = client.cookies["sessionid"].value
    assert client.get(reverse("account_logout")).status_code == 200
    assert is_in(client)
    client.post(reverse("account_logout"))
    thief = Client()
    thief.cookies["sessionid"] = stolen
    assert not is_in(thief)
    assert not Session.objects.filter(session_key=stolen).exists()


def test_a_new_password_ends_every_other_session(customer):
    here, elsewhere = browser(customer), browser(customer)
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    before = here.cookies["sessionid"].value
    assert here.post(reverse("account_change_password"), form).status_code == 302
    assert here.cookies["sessionid"].value != before
    assert is_in(here)
    assert not is_in(elsewhere)


def test_a_password_that_was_reset_ends_them_all(customer):
    elsewhere = browser(customer)
    key = f"{user_pk_to_url_str(customer)}-{default_token_generator.make_token(customer)}"
    uid, _dash, token = key.partition("-")
    link = reverse("account_reset_password_from_key", args=[uid, token])
    visitor = Client()
    page = visitor.get(link)
    assert token not in page.headers["Location"]
    assert visitor.post(page.headers["Location"], {"password1": NEW, "password2": NEW}).status_code == 302
    assert not is_in(elsewhere)
    # The link is good once.
    again = Client().get(link)
    assert again.status_code == 200
    assert "password1" not in again.content.decode()
    assert log_in(Client(), customer, NEW).status_code == 302


def test_somebody_who_may_no_longer_log_in_is_out_at_once(customer):
    seen = browser(customer)
    assert is_in(seen)
    type(customer).objects.filter(pk=customer.pk).update(is_active=False)
    assert not is_in(seen)


def test_cookies_can_not_be_read_by_scripts_nor_sent_by_other_sites(customer):
    client = Client()
    client.get(reverse("account_login"))
    log_in(client, customer)
    session, form = client.cookies["sessionid"], client.cookies["csrftoken"]
    assert session["httponly"]
    assert (session["samesite"], form["samesite"]) == ("Lax", "Lax")
    assert session["path"] == "/"
    assert not session["domain"]
    # Over TLS they say so: tests/security/test_live_shop.py.
    assert settings.SESSION_COOKIE_SECURE == settings.CSRF_COOKIE_SECURE == settings.HTTPS


def test_passwords_are_not_guessed_by_the_admins_door_either(customer):
    """It leads to the one log-in there is, and its limits."""
    answer = Client().post(reverse("admin:login"), {"username": customer.email, "password": PASSWORD})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("account_login"))
    for _guess in range(5):
        log_in(Client(), customer, "wrong")
    client = Client()
    log_in(client, customer)
    assert not is_in(client)


def test_a_wrong_address_and_a_wrong_password_are_told_alike(customer):
    said = []
    for email in (customer.email, "nobody@example.com"):
        page = Client().post(reverse("account_login"), {"login": email, "password": "wrong"}).content.decode()
        said.append(
            [line.strip() for line in page.replace(email, "").splitlines() if "alert" in line or "error" in line]
        )
    assert said[0] == said[1]
    assert said[0]
    answers = [
        Client().post(reverse("account_reset_password"), {"email": each})
        for each in ("nobody@example.com", customer.email)
    ]
    assert len({(answer.status_code, answer.headers["Location"]) for answer in answers}) == 1


def test_a_key_is_looked_for_by_its_digest_and_kept_by_nothing_else(customer, now):
    key, secret = keys.make(customer=customer, name="x", now=now)
    assert secret not in str(vars(key))
    assert key.digest not in secret


# Names of what nobody may find out letter by letter.
SECRET = ("secret", "token", "signature", "password", "hmac", "api_key")


# The shop's own settings with each other, when an operator looks.
NO_GUESS = {"reseller/first_run/shop.py"}


def test_secrets_are_compared_in_constant_time():
    """No `==` on either side of which stands one."""
    found = []
    for path in Path(settings.BASE_DIR).rglob("*.py"):
        name = str(path.relative_to(settings.BASE_DIR))
        if name in NO_GUESS or name.startswith((".venv", "tests/", "bench/", "var/", "checks/")):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare) and any(isinstance(each, ast.Eq | ast.NotEq) for each in node.ops):
                sides = [node.left, *node.comparators]
                if any(isinstance(side, ast.Constant) for side in sides):
                    continue
                named = {getattr(side, "id", getattr(side, "attr", "")).lower() for side in sides}
                if any(word in each for each in named for word in SECRET):
                    found.append(f"{name}:{node.lineno}")
    assert found == []
