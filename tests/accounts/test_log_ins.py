"""Where one is logged in, and being told of log-ins from somewhere new."""

import re
from datetime import timedelta
from http import HTTPStatus

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Place, User
from tests.accounts.test_browsers import CHROME, EDGE, IPHONE
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

SESSIONS = "accounts:sessions"


@pytest.fixture(autouse=True)
def _no_old_rate_limits():
    cache.clear()


def log_in(user: User, *, agent: str = CHROME, address: str = "203.0.113.7", password: str = PASSWORD) -> Client:
    """A browser in which the person is logged in, through the page."""
    client = Client(headers={"user-agent": agent}, REMOTE_ADDR=address)
    response = client.post(reverse("account_login"), {"login": user.email, "password": password})
    assert response.status_code == HTTPStatus.FOUND, response.content.decode()
    return client


def alive(client: Client) -> bool:
    return client.get(reverse("accounts:profile")).status_code == HTTPStatus.OK


def test_the_first_log_in_of_all_is_not_told(customer: User):
    log_in(customer)

    assert mail.outbox == []


@pytest.mark.parametrize(
    ("agent", "address", "told"),
    [
        (CHROME, "203.0.113.7", False),
        (CHROME, "203.0.200.200", False),
        (EDGE, "203.0.113.7", True),
        (CHROME, "198.51.100.1", True),
        (IPHONE, "2001:db8::1", True),
    ],
)
def test_a_log_in_from_a_new_browser_or_network_is_told(customer: User, agent: str, address: str, told: bool):
    log_in(customer)
    log_in(customer, agent=agent, address=address)

    assert [message.subject for message in mail.outbox] == (["[Fairstock] A log-in from somewhere new"] if told else [])
    if told:
        body = str(mail.outbox[0].body)
        assert address in body
        assert "Mozilla" not in body


def test_a_log_in_is_told_once(customer: User):
    log_in(customer)
    for _again in range(3):
        log_in(customer, agent=EDGE)

    assert len(mail.outbox) == 1


def test_who_does_not_want_to_be_told_is_not(customer: User):
    client = log_in(customer)
    client.post(reverse("accounts:profile"), {"name": "", "language": "", "time_zone": ""})
    customer.refresh_from_db()
    assert customer.login_alerts is False

    log_in(customer, agent=EDGE)

    assert mail.outbox == []


def test_a_mail_server_that_is_away_keeps_nobody_out(customer: User, settings):
    log_in(customer)
    settings.EMAIL_DELIVERY_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    assert alive(log_in(customer, agent=EDGE))


def test_only_so_many_places_are_remembered(customer: User):
    from accounts import places

    for number in range(places.MOST + 5):
        places.note(user=customer, agent=CHROME, address=f"10.{number}.0.1", now=timezone.now())

    assert Place.objects.filter(user=customer).count() == places.MOST


def test_the_list_shows_each_browser_in_words_and_the_asking_one_first(customer: User, stranger: User):
    log_in(stranger)
    log_in(customer, agent=IPHONE, address="198.51.100.1")
    page = log_in(customer).get(reverse(SESSIONS)).content.decode()

    assert re.findall(r'class="strong">([^<]+ on [^<]+)<', page) == ["Chrome on Linux", "Safari on iPhone"]
    assert page.count("This browser") == 1
    assert page.index("This browser") < page.index("Safari on iPhone")
    assert "198.51.100.1" in page


def test_one_browser_is_ended_and_the_others_stay(customer: User):
    phone, desk, here = log_in(customer, agent=IPHONE), log_in(customer, agent=EDGE), log_in(customer)
    row = UserSession.objects.get(session_key=phone.session.session_key)

    here.post(reverse("accounts:end_session", args=[row.pk]))

    assert [alive(each) for each in (phone, desk, here)] == [False, True, True]


def test_all_others_are_ended_at_once(customer: User, stranger: User):
    others = [log_in(customer, agent=IPHONE), log_in(customer, agent=EDGE)]
    here, foreign = log_in(customer), log_in(stranger)

    page = here.post(reverse("accounts:end_other_sessions"), follow=True).content.decode()

    assert "2 other browsers are logged out" in page
    assert [alive(each) for each in (*others, here, foreign)] == [False, False, True, True]


def test_nobody_ends_the_log_in_of_somebody_else(customer: User, stranger: User):
    foreign = log_in(stranger)
    row = UserSession.objects.get(session_key=foreign.session.session_key)

    response = log_in(customer).post(reverse("accounts:end_session", args=[row.pk]))

    assert response.status_code == HTTPStatus.NOT_FOUND
    assert alive(foreign)


def test_ending_needs_a_post(customer: User):
    client = log_in(customer)

    assert client.get(reverse("accounts:end_other_sessions")).status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_a_changed_password_ends_every_other_browser(customer: User):
    other, here = log_in(customer, agent=EDGE), log_in(customer)
    fresh = "yet another passphrase"

    here.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": fresh, "password2": fresh})

    assert [alive(other), alive(here)] == [False, True]
    assert UserSession.objects.filter(user=customer).count() == 1
    assert "Your password was changed" in mail.outbox[-1].subject
    page = here.get(reverse(SESSIONS)).content.decode()
    assert "This browser" in page


def test_a_reset_password_ends_every_browser(customer: User):
    thief = log_in(customer)
    client = Client()
    client.post(reverse("account_reset_password"), {"email": customer.email})
    (path,) = re.findall(r"https?://testserver(/\S+)", str(mail.outbox[-1].body))
    action = client.get(path, follow=True).redirect_chain[-1][0]
    fresh = "another long passphrase"

    client.post(action, {"password1": fresh, "password2": fresh})

    customer.refresh_from_db()
    assert customer.check_password(fresh)
    assert not alive(thief)
    assert UserSession.objects.filter(user=customer).count() == 0


def test_when_a_browser_was_last_seen_is_true_to_ten_minutes_and_costs_nothing_between(
    customer: User, django_assert_max_num_queries
):
    client = log_in(customer)
    row = UserSession.objects.get(session_key=client.session.session_key)
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        client.get(reverse(SESSIONS))
    row.refresh_from_db()
    before = row.last_seen_at
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        client.get(reverse(SESSIONS), REMOTE_ADDR="203.0.113.99")
    row.refresh_from_db()

    assert row.last_seen_at - before >= timedelta(minutes=10)
    assert row.ip == "203.0.113.99"


def test_the_list_takes_as_many_queries_for_many_as_for_one(customer: User, django_assert_max_num_queries):
    client = log_in(customer)
    for _each in range(8):
        log_in(customer, agent=EDGE)

    with django_assert_max_num_queries(12):
        page = client.get(reverse(SESSIONS)).content.decode()

    assert page.count("Edge on Windows") >= 8


def test_allauths_own_list_leads_to_ours(customer: User):
    assert log_in(customer).get("/accounts/sessions/")["Location"] == reverse(SESSIONS)
