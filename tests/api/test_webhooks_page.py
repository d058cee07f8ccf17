"""The customer's pages of webhooks: a secret shown once, a log, and nothing of anybody else's."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from api.webhooks import hooks, names, resend, send
from api.webhooks.models import Delivery, Try, Webhook
from tests.api.webhooks import hook, receiver

__all__ = ["hook", "receiver"]
pytestmark = pytest.mark.django_db
PAGE = "/account/api/webhooks"


@pytest.fixture
def browser(customer):
    client = Client()
    client.force_login(customer)
    return client


@pytest.fixture
def page(hook):
    return f"{PAGE}/{hook.pk}"


def form(**changes):
    return {"url": "https://innocent.example/", "events": names.ALL, **changes}


def test_a_webhook_is_made_and_its_secret_shown_once(browser, receiver):
    answer = browser.post(PAGE, form(url=receiver.url, events=["order.completed", "number.code"]), follow=True)
    hook = Webhook.objects.get()
    assert (hook.url, hook.events) == (receiver.url, ["order.completed", "number.code"])
    assert answer.redirect_chain == [(f"{PAGE}/{hook.pk}", 302)]
    assert hook.secret.startswith("whsec_")
    assert hook.secret in answer.content.decode()
    assert hook.secret not in browser.get(f"{PAGE}/{hook.pk}").content.decode()
    assert hook.secret not in browser.get(PAGE).content.decode()
    assert hook.url in browser.get(PAGE).content.decode()


def test_a_form_that_is_sent_twice_is_one_webhook(browser, receiver):
    key = browser.get(PAGE).context["form"]["form_key"].value()
    for _click in range(2):
        answer = browser.post(PAGE, form(url=receiver.url, form_key=key))
    hook = Webhook.objects.get()
    assert answer["Location"] == f"{PAGE}/{hook.pk}"
    assert hook.secret in browser.get(answer["Location"]).content.decode()
    browser.post(PAGE, form(url=receiver.url, events=["number.code"], form_key=key))
    assert Webhook.objects.count() == 2


def test_the_secret_waits_in_no_session_in_clear(browser, receiver):
    browser.post(PAGE, form(url=receiver.url))
    assert Webhook.objects.get().secret not in json.dumps(dict(browser.session.items()))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"url": ""}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "url"),
        ({"url": "http://127.0.0.1/"}, "url"),
        ({"url": "https://127.0.0.1/\0"}, "url"),
        ({"url": "x" * 501}, "url"),
        ({"url": "https://127.0.0.1/", "events": []}, "events"),
        ({"url": "https://127.0.0.1/", "events": ["order.uncertain"]}, "events"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(browser, wrong, field):
    answer = browser.post(PAGE, form(**wrong))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not Webhook.objects.exists()


def test_a_change_to_a_private_address_is_refused(browser, hook, page, settings):
    settings.WEBHOOK_ALLOW_PRIVATE = False
    answer = browser.post(page, form(url="https://10.0.0.1/"))
    assert answer.status_code == 422
    hook.refresh_from_db()
    assert hook.url.startswith("http://127.0.0.1:")


def test_address_and_events_are_changed(browser, hook, page, receiver):
    assert browser.post(page, form(url=receiver.url + "/new", events=["number.code"])).status_code == 302
    hook.refresh_from_db()
    assert (hook.url, hook.events) == (receiver.url + "/new", ["number.code"])


def test_one_webhook_too_many_is_refused_in_words(browser, customer, receiver, now):
    for _number in range(hooks.MOST):
        hooks.make(customer=customer, url=receiver.url, events=names.ALL, now=now)
    answer = browser.post(PAGE, form(url=receiver.url))
    assert answer.status_code == 422
    assert "remove one" in answer.content.decode()


def test_a_new_secret_is_shown_once(browser, hook, page):
    answer = browser.post(f"{page}/rotate", follow=True)
    secret = Webhook.objects.get().secret
    assert secret != hook.secret
    assert secret in answer.content.decode()
    assert "for a day" in answer.content.decode()
    assert secret not in browser.get(page).content.decode()


def test_it_is_switched_off_and_on(browser, hook, page):
    browser.post(f"{page}/switch", {"active": "0"})
    hook.refresh_from_db()
    assert not hook.active
    assert f"{page}/test" not in browser.get(page).content.decode()
    browser.post(f"{page}/switch", {"active": "1"})
    hook.refresh_from_db()
    assert hook.active


def test_a_paused_one_says_so_and_is_switched_on(browser, hook, page):
    Webhook.objects.update(active=False, paused_at=timezone.now(), failing_since=timezone.now())
    assert "We stopped sending" in browser.get(page).content.decode()
    browser.post(f"{page}/switch", {"active": "1"})
    hook.refresh_from_db()
    assert (hook.active, hook.paused_at, hook.failing_since) == (True, None, None)


def test_a_test_is_sent_and_stands_in_the_log_with_its_answer(browser, hook, page, receiver):
    receiver.status = 418
    browser.post(f"{page}/test")
    send.send_due()
    shown = browser.get(page).content.decode()
    assert len(receiver.got) == 1
    assert "HTTP 418" in shown
    receiver.status = 200
    browser.post(f"{page}/deliveries/{Delivery.objects.get().pk}/resend")
    send.send_due()
    shown = browser.get(page).content.decode()
    assert "HTTP 200" in shown
    assert "2 tries" in shown


def test_a_delivery_is_sent_again_three_times_a_minute_at_most(browser, hook, page, receiver):
    browser.post(f"{page}/test")
    again = f"{page}/deliveries/{Delivery.objects.get().pk}/resend"
    for _click in range(4):
        send.send_due()
        answer = browser.post(again, follow=True)
    assert send.send_due() == 0
    assert len(receiver.got) == resend.MOST_POSTS
    assert "often enough" in answer.content.decode()
    Try.objects.update(at=timezone.now() - resend.MINUTE)
    browser.post(again)
    assert send.send_due() == 1


def test_it_is_removed_with_its_log(browser, hook, page, customer, now):
    resend.test(hook_id=hook.pk, customer=customer, now=now)
    assert browser.post(f"{page}/remove").status_code == 302
    assert not Webhook.objects.exists()
    assert not Delivery.objects.exists()
    assert browser.get(page).status_code == 404


def test_hostile_text_is_shown_as_text(browser, hook, page):
    Webhook.objects.update(url="https://x.example/<script>alert(1)</script>")
    for address in (PAGE, page):
        shown = browser.get(address).content.decode()
        assert "<script>alert(1)" not in shown
        assert "&lt;script&gt;alert(1)" in shown


def test_a_stranger_gets_404_everywhere_and_changes_nothing(stranger, hook, page, customer, now):
    delivery = resend.test(hook_id=hook.pk, customer=customer, now=now)
    Delivery.objects.update(state="GIVEN_UP", next_at=None)
    client = Client()
    client.force_login(stranger)
    assert client.get(page).status_code == 404
    assert client.post(page, form(url=hook.url)).status_code == 404
    for part in ("rotate", "switch", "remove", "test", f"deliveries/{delivery.pk}/resend"):
        assert client.post(f"{page}/{part}").status_code == 404, part
    assert hook.url not in client.get(PAGE).content.decode()
    kept = Webhook.objects.get()
    assert (kept.secret, kept.active) == (hook.secret, True)
    assert Delivery.objects.get().state == "GIVEN_UP"


def test_a_delivery_is_not_reached_through_another_webhook(browser, hook, stranger, receiver, now):
    theirs = hooks.make(customer=stranger, url=receiver.url, events=names.ALL, now=now)
    delivery = resend.test(hook_id=theirs.pk, customer=stranger, now=now)
    assert browser.post(f"{PAGE}/{hook.pk}/deliveries/{delivery.pk}/resend").status_code == 404


def test_nobody_gets_there_without_signing_in(page):
    assert Client().get(PAGE).status_code == 302
    assert Client().get(page).status_code == 302
    assert Client().post(f"{page}/test").status_code == 302


def test_acts_are_posts(browser, hook, page):
    for part in ("rotate", "switch", "remove", "test"):
        assert browser.get(f"{page}/{part}").status_code == 405


def test_the_page_takes_as_many_queries_with_a_long_log(
    browser, hook, page, customer, now, django_assert_max_num_queries
):
    for number in range(30):
        delivery = resend.test(hook_id=hook.pk, customer=customer, now=now + timedelta(minutes=2 * number))
        Try.objects.create(delivery=delivery, status=500, milliseconds=3, at=now)
    with django_assert_max_num_queries(12):
        shown = browser.get(page).content.decode()
    assert shown.count("HTTP 500") == 50  # a page of 25, each as a summary and in its list
