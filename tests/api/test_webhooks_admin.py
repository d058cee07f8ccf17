"""Webhooks in the admin: an operator sees how they stand and acts on them, and reads nothing that was sent."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from api.webhooks import hooks, names, resend, send
from api.webhooks.models import Delivery, Webhook
from tests.api.webhooks import hook, receiver

__all__ = ["hook", "receiver"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(operator):
    """The operator's browser."""
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def delivery(hook, receiver, customer):
    """A test that was not taken."""
    receiver.status = 500
    sent = resend.test(hook_id=hook.pk, customer=customer, now=timezone.now())
    send.send_due()
    sent.refresh_from_db()
    return sent


def page(model, name, *args):
    return reverse(f"admin:api_{model}_{name}", args=args)


def test_lists_and_pages_show_how_it_stands_and_no_secret(desk, hook, delivery, receiver):
    Webhook.objects.update(url=receiver.url + "?token=very-secret", failing_since=timezone.now())
    shown = [
        desk.get(page("webhook", "changelist")),
        desk.get(page("webhook", "changelist") + "?q=customer@example.com"),
        desk.get(page("webhook", "change", hook.pk)),
        desk.get(page("delivery", "changelist") + f"?webhook__id__exact={hook.pk}"),
        desk.get(page("delivery", "changelist") + "?event=test&state__exact=PENDING"),
        desk.get(page("delivery", "change", delivery.pk)),
    ]
    for answer in shown:
        text = answer.content.decode()
        assert answer.status_code == 200
        assert "customer@example.com" in text
        for secret in (hook.secret, "whsec_", "very-secret", "nothing happened"):
            assert secret not in text
    assert "Failing" in shown[0].content.decode()
    assert "HTTP 500" in shown[-1].content.decode()


def test_a_list_of_one_event_has_no_other(desk, delivery):
    text = desk.get(page("delivery", "changelist") + "?event=order.completed").content.decode()
    assert "customer@example.com" not in text


@pytest.mark.parametrize("name", ["webhook", "delivery"])
def test_lists_take_as_many_queries_for_many_rows_as_for_few(desk, hook, customer, receiver, now, name):
    def asked():
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert desk.get(page(name, "changelist")).status_code == 200
        return len(asked)

    resend.test(hook_id=hook.pk, customer=customer, now=now)
    asked()
    few = asked()
    for number in range(3):
        other = hooks.make(customer=customer, url=f"{receiver.url}/{number}", events=names.ALL, now=now)
        resend.test(hook_id=other.pk, customer=customer, now=now)
    assert asked() == few <= 12


def test_it_is_paused_and_resumed_with_a_reason(desk, hook, delivery):
    pause, resume = page("webhook", "pause", hook.pk), page("webhook", "resume", hook.pk)
    assert desk.get(pause).status_code == 200
    assert Webhook.objects.get().active
    assert "Say why" in desk.post(pause, {}).content.decode()
    assert Webhook.objects.get().active
    desk.post(pause, {"reason": "floods somebody"})
    assert not Webhook.objects.get().active
    assert Delivery.objects.get().state == "GIVEN_UP"
    assert "floods somebody" in desk.get(page("webhook", "history", hook.pk)).content.decode()
    desk.post(resume, {"reason": "they say it is mended"})
    assert Webhook.objects.get().active


def test_a_delivery_is_sent_again_and_not_where_it_is_off(desk, hook, delivery, receiver, customer):
    receiver.status = 204
    again = page("delivery", "resend", delivery.pk)
    desk.post(again, {"reason": "they asked"})
    assert send.send_due() == 1
    assert Delivery.objects.get().state == "DELIVERED"
    assert len(receiver.got) == 2
    hooks.switch_off(hook_id=hook.pk, customer=customer, now=timezone.now())
    assert desk.get(again).status_code == 302
    assert "Switch the webhook on first" in desk.post(again, {"reason": "they asked"}).content.decode()
    assert send.send_due() == 0


@pytest.mark.parametrize(
    ("model", "act", "right"),
    [("webhook", "pause", "webhook"), ("webhook", "resume", "webhook"), ("delivery", "resend", "delivery")],
)
def test_who_may_only_look_does_not_act(django_user_model, hook, delivery, model, act, right):
    from django.contrib.auth.models import Permission

    staff = django_user_model.objects.create_user("staff@example.com", "x", is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename=f"view_{right}"))
    client = Client()
    client.force_login(staff)
    row = hook if model == "webhook" else delivery
    assert client.get(page(model, "change", row.pk)).status_code == 200
    assert client.post(page(model, act, row.pk), {"reason": "x"}).status_code == 403
    assert client.post(page(model, "delete", row.pk)).status_code == 403
