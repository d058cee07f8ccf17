"""Send by hand: a delivery once more, or an event that only tests the way."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from api.webhooks import names
from api.webhooks.collect import News, put_out
from api.webhooks.models import Delivery, Event, Webhook

# Tests of one customer in a minute.
MOST_TESTS = 10
# A delivery that was posted so often in a minute is not begun anew by hand.
MOST_POSTS = 3
MINUTE = timedelta(minutes=1)


class CantSend(Exception):
    """Nothing goes out; says why, for the customer."""


def resend(*, delivery_id: int, hook_id: int, customer: User, now: datetime) -> Delivery:
    """Begin a delivery anew, under its own id: with all its tries. Raises `CantSend`, `Delivery.DoesNotExist`."""
    with transaction.atomic():
        hook = Webhook.objects.select_for_update(no_key=True).filter(pk=hook_id, customer=customer).first()
        if hook is None:
            raise Delivery.DoesNotExist
        delivery = Delivery.objects.select_for_update().get(pk=delivery_id, webhook=hook)
        _active(hook)
        if delivery.state == Delivery.State.PENDING and delivery.claim:
            raise CantSend(_("It is being sent in this very moment."))
        if delivery.posts.filter(at__gt=now - MINUTE).count() >= MOST_POSTS:
            raise CantSend(_often_enough())
        delivery.state, delivery.tries, delivery.next_at = Delivery.State.PENDING, 0, now
        delivery.claim, delivery.finished_at = "", None
        delivery.save()
    return delivery


def test(*, hook_id: int, customer: User, now: datetime) -> Delivery:
    """An event that says nothing, to one address. Raises `CantSend`, `Webhook.DoesNotExist`."""
    with transaction.atomic():
        hook = Webhook.objects.select_for_update(no_key=True).get(pk=hook_id, customer=customer)
        _active(hook)
        lately = Event.objects.filter(customer=customer, source=Event.Source.TEST, created_at__gt=now - MINUTE)
        if lately.count() >= MOST_TESTS:
            raise CantSend(_often_enough())
        number = secrets.randbelow(2**62)
        data = {"message": "This is a test: nothing happened."}
        put_out(
            news=[News(customer.pk, names.TEST, Event.Source.TEST, number, now, data)],
            now=now,
            only=hook,
        )
        return Delivery.objects.get(webhook=hook, event__source=Event.Source.TEST, event__source_id=number)


def _often_enough() -> str:
    return _("That was often enough for now: try again in a minute.")


def _active(hook: Webhook) -> None:
    if not hook.active:
        raise CantSend(_("Switch the webhook on first."))
