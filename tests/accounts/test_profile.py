"""The profile page, and the language switch in the header."""

from datetime import UTC, datetime
from http import HTTPStatus

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.forms import zone_choices, zone_label, zone_names
from accounts.models import User

pytestmark = pytest.mark.django_db

PROFILE = "accounts:profile"


def save(client: Client, **typed: str):
    return client.post(reverse(PROFILE), {"name": "", "language": "", "time_zone": "", **typed})


def test_a_visitor_is_sent_to_log_in(client: Client):
    response = client.get(reverse(PROFILE))

    assert response["Location"] == f"{reverse('account_login')}?next={reverse(PROFILE)}"


def test_name_language_and_zone_are_saved_and_shown(client: Client, customer: User):
    client.force_login(customer)

    response = save(client, name=" Li Wei ", language="en", time_zone="Asia/Shanghai")

    assert response.status_code == HTTPStatus.FOUND
    customer.refresh_from_db()
    assert (customer.first_name, customer.language, customer.time_zone) == (
        "Li Wei",
        "en",
        "Asia/Shanghai",
    )
    page = client.get(reverse(PROFILE)).content.decode()
    assert 'value="Li Wei"' in page
    assert '<option value="Asia/Shanghai" selected>Shanghai (UTC+08:00)</option>' in page
    assert 'data-zone="Asia/Shanghai"' in page


def test_a_name_in_two_fields_becomes_one(client: Client, customer: User):
    User.objects.filter(pk=customer.pk).update(first_name="Ada", last_name="Lovelace")
    client.force_login(customer)
    assert 'value="Ada Lovelace"' in client.get(reverse(PROFILE)).content.decode()

    save(client, name="Ada Lovelace")

    customer.refresh_from_db()
    assert customer.get_full_name() == "Ada Lovelace"


def test_an_old_zone_name_that_browsers_still_report_is_taken(client: Client, customer: User):
    client.force_login(customer)

    save(client, time_zone="Asia/Calcutta")

    customer.refresh_from_db()
    assert customer.time_zone == "Asia/Calcutta"
    page = client.get(reverse(PROFILE)).content.decode()
    assert '<option value="Asia/Calcutta" selected>' in page


def test_a_zone_that_does_not_exist_is_refused_and_the_name_typed_stays(client: Client, customer: User):
    client.force_login(customer)

    response = save(client, name="<b>Ada</b>", time_zone="Mars/Olympus")

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    page = response.content.decode()
    assert 'id="id_time_zone_error"' in page
    assert 'value="&lt;b&gt;Ada&lt;/b&gt;"' in page
    customer.refresh_from_db()
    assert customer.first_name == ""


def test_nothing_else_of_a_person_can_be_changed_here(client: Client, customer: User):
    client.force_login(customer)

    save(client, email="other@example.com", is_staff="on", is_superuser="on")

    customer.refresh_from_db()
    assert customer.email == "customer@example.com"
    assert not customer.is_staff


def test_the_page_says_whether_the_address_is_confirmed(client: Client, customer: User):
    client.force_login(customer)
    assert "Not confirmed" not in client.get(reverse(PROFILE)).content.decode()

    customer.emailaddress_set.update(verified=False)

    assert "Not confirmed" in client.get(reverse(PROFILE)).content.decode()


def test_the_switch_changes_the_account_of_whoever_is_signed_in(client: Client, customer: User):
    User.objects.filter(pk=customer.pk).update(language="en")
    client.force_login(customer)

    client.post(reverse("accounts:language"), {"language": "zh-hans", "next": reverse(PROFILE)})

    customer.refresh_from_db()
    assert customer.language == "zh-hans"
    assert '<html lang="zh-hans"' in client.get(reverse(PROFILE)).content.decode()


def test_the_switch_changes_a_visitors_browser(client: Client):
    client.post(reverse("accounts:language"), {"language": "zh-hans", "next": "/"})

    assert client.cookies[settings.LANGUAGE_COOKIE_NAME].value == "zh-hans"
    assert '<html lang="zh-hans"' in client.get(reverse("account_login")).content.decode()


def test_the_switch_takes_only_the_shops_languages_and_leads_nowhere_else(client: Client, customer: User):
    client.force_login(customer)

    response = client.post(reverse("accounts:language"), {"language": "xx", "next": "https://elsewhere.example/"})

    assert response["Location"] == "/"
    customer.refresh_from_db()
    assert customer.language == ""
    assert client.get(reverse("accounts:language")).status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_the_zones_offered_are_places_with_the_offset_of_the_moment():
    summer, winter = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)

    assert zone_label("Europe/Berlin", summer) == "Berlin (UTC+02:00)"
    assert zone_label("Europe/Berlin", winter) == "Berlin (UTC+01:00)"
    assert zone_label("America/New_York", winter) == "New York (UTC−05:00)"
    assert zone_label("America/Argentina/Ushuaia", winter) == "Argentina – Ushuaia (UTC−03:00)"
    assert {"Asia/Shanghai", "Europe/London", "America/Sao_Paulo"} <= set(zone_names())
    assert not any(name.startswith(("Etc/", "SystemV/")) for name in zone_names())
    assert zone_choices(summer)[0] == ("UTC", "UTC")
