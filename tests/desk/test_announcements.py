"""Announcements: on every page while they are pinned and not put away, in the reader's language, in their time."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from desk.models import Announcement
from tests.desk.conftest import HOSTILE

pytestmark = pytest.mark.django_db


@pytest.fixture
def pinned(now):
    return Announcement.objects.create(
        title_en="Slow today", title_zh="今天较慢", text_en="Be patient.", pinned=True, from_at=now - timedelta(hours=1)
    )


def text_of(answer):
    return answer.content.decode()


def test_a_pinned_one_is_on_every_page_for_everybody(client, me, pinned):
    for address in ["/", "/services/", "/accounts/login/", "/help/"]:
        assert "Slow today" in text_of(client.get(address)), address
    assert "今天较慢" in text_of(client.get("/", headers={"accept-language": "zh-hans"}))
    assert 'class="banner' in text_of(me.get("/wallet/"))


def test_put_away_it_is_gone_in_this_browser_and_comes_back_where_one_was(client, me, pinned):
    answer = client.post(f"/help/announcements/{pinned.pk}/away/", {"next": "/services/?q=x"})
    assert answer.url == "/services/?q=x"
    assert 'class="banner' not in text_of(client.get("/"))
    assert 'class="banner' in text_of(me.get("/"))
    assert "Slow today" in text_of(client.get("/help/announcements/"))


def test_putting_one_away_shows_the_one_behind_it(client, pinned, now):
    Announcement.objects.create(title_en="Older", pinned=True, from_at=now - timedelta(days=1))
    client.post(f"/help/announcements/{pinned.pk}/away/", {"next": "/"})
    assert "Older" in text_of(client.get("/"))


def test_it_leads_nowhere_else(client, pinned):
    for elsewhere in ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""]:
        assert client.post(f"/help/announcements/{pinned.pk}/away/", {"next": elsewhere}).url == "/"
    assert client.post("/help/announcements/999999/away/", {"next": "/"}).status_code == 404
    assert client.get(f"/help/announcements/{pinned.pk}/away/").status_code == 405


def test_it_has_its_time(client, pinned, now):
    Announcement.objects.update(until_at=now)
    assert "Slow today" not in text_of(client.get("/help/announcements/"))
    Announcement.objects.update(from_at=now + timedelta(hours=1), until_at=None)
    assert 'class="banner' not in text_of(client.get("/"))


def test_it_ends_after_it_begins(now):
    with pytest.raises(ValidationError):
        Announcement(title_en="x", from_at=now, until_at=now - timedelta(days=1)).full_clean()


def test_a_cookie_that_nobody_set_is_ignored(client, pinned):
    client.cookies["away"] = f"x.{'9' * 400}.{HOSTILE}"
    assert 'class="banner' in text_of(client.get("/"))


def test_hostile_text_stays_text(client, now):
    Announcement.objects.create(title_en=HOSTILE, text_en=HOSTILE, pinned=True, from_at=now)
    for address in ["/", "/help/", "/help/announcements/"]:
        assert HOSTILE not in text_of(client.get(address))


def test_a_fragment_does_not_look_for_it(me, goods, pinned):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as seen:
        me.get(f"/orders/{goods.pk}/", headers={"hx-request": "true"})
    # That there is one is told with the balance; what it says is not asked for.
    assert not [query for query in seen.captured_queries if query["sql"].startswith('SELECT "desk_')]
