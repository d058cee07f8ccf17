"""The help desk in the admin: the list, one request with what was written, and the acts, each with its reason."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from desk import ask
from desk.models import Announcement, Question, Request
from reseller.books import audit
from tests.admin.conftest import balance
from tests.desk.conftest import HOSTILE, client_of

pytestmark = pytest.mark.django_db


def act(request, name):
    return reverse(f"admin:desk_request_{name}", args=[request.pk])


def text_of(answer):
    return answer.content.decode()


def test_the_list_and_a_page_show_everything_as_text(desk, goods, customer, now):
    request = ask.question(customer=customer, order=goods, subject=HOSTILE, text=HOSTILE, now=now)
    for query in ["", "?q=customer@example.com", f"?q={goods.pk}", "?state__exact=OPEN"]:
        page = text_of(desk.get(reverse("admin:desk_request_changelist") + query, follow=True))
        assert f"Order {goods.pk}" in page
        assert HOSTILE not in page
    page = text_of(desk.get(reverse("admin:desk_request_change", args=[request.pk])))
    assert "alert(&#x27;x&#x27;)" in page
    assert HOSTILE not in page
    assert "Requests of customers" in text_of(desk.get("/admin/"))


def test_an_answer_is_written_and_logged_without_its_text(desk, asked):
    answer = desk.post(act(asked, "answer"), {"answer": "We look into it."})
    assert answer.status_code == 302
    asked.refresh_from_db()
    assert asked.state == "ANSWERED"
    assert asked.messages.last().text == "We look into it."
    assert "answered" in LogEntry.objects.get().change_message


def test_items_are_delivered_again_after_a_second_yes(desk, asked, goods):
    given = {"items": "new-1\r\n\r\nnew-3\r\n", "replaces": "1, 3", "answer": "", "reason": "both failed"}
    assert 'value="1, 3"' in text_of(desk.get(act(asked, "deliver_again")))
    first = desk.post(act(asked, "deliver_again"), given)
    assert first.status_code == 200
    assert goods.items.count() == 3
    again = desk.post(act(asked, "deliver_again"), {**given, "confirmed": "1"})
    assert again.status_code == 302
    assert [item.text for item in goods.items.filter(replaces__isnull=False)] == ["new-1", "new-3"]
    assert "new-1" not in LogEntry.objects.get().change_message
    assert desk.post(act(asked, "deliver_again"), {**given, "confirmed": "1"}).status_code == 200
    assert goods.items.count() == 5
    assert audit().problems == []


def test_what_does_not_fit_is_said_and_what_was_pasted_stays(desk, asked, goods):
    given = {"items": "new-1", "replaces": "1, 3", "answer": "", "reason": "x", "confirmed": "1"}
    page = text_of(desk.post(act(asked, "deliver_again"), given))
    assert "one for each position" in page
    assert "new-1" in page
    assert goods.items.count() == 3


def test_money_comes_back_once(desk, asked, customer):
    before = balance(customer).balance
    form = desk.get(act(asked, "pay_back")).context["form"]
    given = {"amount": "2.50", "reason": "one was bad", "answer": "Sorry.", "key": str(form["key"].value())}
    assert "Can be refunded afterwards" in text_of(desk.post(act(asked, "pay_back"), given))
    assert desk.post(act(asked, "pay_back"), {**given, "confirmed": "1"}).status_code == 302
    assert desk.post(act(asked, "pay_back"), {**given, "confirmed": "1"}).status_code == 200
    assert balance(customer).balance - before == 2.5
    assert audit().problems == []


def test_a_refusal_needs_words_for_the_customer(desk, asked):
    assert desk.post(act(asked, "refuse"), {"reason": "they work", "answer": ""}).status_code == 200
    asked.refresh_from_db()
    assert asked.is_live
    desk.post(act(asked, "refuse"), {"reason": "they work", "answer": "All of them work."})
    asked.refresh_from_db()
    assert (asked.state, asked.note) == ("REFUSED", "they work")
    assert asked.messages.last().text == "All of them work."


def test_acts_on_money_and_goods_need_the_right_to_orders(asked):
    helper = User.objects.create_user("helper@example.com", "a long enough passphrase", is_staff=True)
    names = ["view_request", "change_request", "view_order"]
    helper.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = client_of(helper)
    assert client.get(act(asked, "answer")).status_code == 200
    assert client.get(act(asked, "pay_back")).status_code == 403
    assert client.post(act(asked, "deliver_again"), {"items": "x", "reason": "x"}).status_code == 403
    page = text_of(client.get(reverse("admin:desk_request_change", args=[asked.pk])))
    assert "Deliver again" not in page


def test_a_customer_comes_nowhere_near(me, asked):
    for name in ["answer", "deliver_again", "pay_back", "done", "refuse"]:
        assert me.get(act(asked, name)).status_code in (302, 403)


def test_announcements_and_questions_are_written_there(desk):
    page = reverse("admin:desk_announcement_add")
    given = {"title_en": "Slow", "tone": "info", "pinned": "on", "from_at_0": "2026-01-01", "from_at_1": "10:00:00"}
    assert desk.post(page, given).status_code == 302
    assert Announcement.objects.get().pinned
    bad = desk.post(page, {**given, "until_at_0": "2025-01-01", "until_at_1": "10:00:00"})
    assert "It has to end after it begins." in text_of(bad)
    answer = desk.post(
        reverse("admin:desk_question_add"), {"question_en": "Q?", "answer_en": "A.", "position": "1", "shown": "on"}
    )
    assert answer.status_code == 302
    assert Question.objects.get().answer == "A."
    assert "Q?" in text_of(Client().get("/help/"))


def test_requests_can_not_be_edited_or_deleted(desk, asked):
    assert desk.get(reverse("admin:desk_request_delete", args=[asked.pk])).status_code == 403
    assert desk.get(reverse("admin:desk_request_add")).status_code == 403
    assert Request.objects.count() == 1
