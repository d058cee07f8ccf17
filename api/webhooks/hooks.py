"""A customer's addresses: make, change, switch off and on, give a new secret, remove."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from api.webhooks import destination
from api.webhooks.collect import watch_live
from api.webhooks.models import Delivery, Webhook, new_secret
from api.webhooks.send import give_up
from core import bulk

MOST = 5
# For so long a rotated secret signs beside the new one.
BOTH = timedelta(days=1)


class CantMake(Exception):
    """Nothing was made; says why, for the customer."""


def make(*, customer: User, url: str, events: Sequence[str], form_key: str = "", now: datetime) -> Webhook:
    """A new address, which is told of what happens from now on; the same `form_key` again is the same address.

    Raises `CantMake`, `destination.Forbidden`.
    """
    # It asks a resolver, which may take seconds: before anything is locked.
    url = destination.checked(url)
    with transaction.atomic():
        # Locked, so that two requests at once don't pass the limit together.
        User.objects.select_for_update().get(pk=customer.pk)
        made = Webhook.objects.filter(customer=customer, form_key=form_key).first() if form_key else None
        if made is not None:
            return made
        if Webhook.objects.filter(customer=customer).count() >= MOST:
            raise CantMake(_("You have %(most)d webhooks: remove one that you no longer use.") % {"most": MOST})
        hook = Webhook.objects.create(
            customer=customer, url=url, events=list(events), form_key=form_key, active_since=now, created_at=now
        )
        watch_live(customer)
    return hook


def change(*, hook_id: int, customer: User, url: str, events: Sequence[str]) -> Webhook:
    """Another address or other events, also for what is on its way. Raises `destination.Forbidden`."""
    url = destination.checked(url)
    with transaction.atomic():
        hook = _locked(hook_id, customer)
        if hook.url != url:
            hook.failing_since = None
        hook.url, hook.events = url, list(events)
        hook.save(update_fields=["url", "events", "failing_since"])
    return hook


def rotate(*, hook_id: int, customer: User, now: datetime) -> Webhook:
    """A new secret. The old one signs beside it for a day, so that no post fails while it is exchanged."""
    with transaction.atomic():
        hook = _locked(hook_id, customer)
        hook.old_secret, hook.old_secret_until = hook.secret, now + BOTH
        hook.secret = new_secret()
        hook.save(update_fields=["secret", "old_secret", "old_secret_until"])
    return hook


def switch_off(*, hook_id: int, customer: User, now: datetime) -> Webhook:
    """Send nothing more; what is on its way is given up, and can be resent later."""
    with transaction.atomic():
        hook = _locked(hook_id, customer)
        if hook.active:
            hook.active = False
            hook.save(update_fields=["active"])
            give_up(hook, now)
    return hook


def switch_on(*, hook_id: int, customer: User, now: datetime) -> Webhook:
    """Tell of what happens from now on."""
    with transaction.atomic():
        hook = _locked(hook_id, customer)
        if not hook.active:
            hook.active, hook.active_since = True, now
            hook.paused_at = hook.failing_since = None
            hook.save(update_fields=["active", "active_since", "paused_at", "failing_since"])
            watch_live(customer)
    return hook


def remove(*, hook_id: int, customer: User) -> Webhook:
    """End an address for good, with its log."""
    with transaction.atomic():
        hook = _locked(hook_id, customer)
        gone = Webhook(pk=hook.pk, url=hook.url)
        bulk.delete(Delivery.objects.filter(webhook=hook))
        hook.delete()
    return gone


def _locked(hook_id: int, customer: User) -> Webhook:
    return Webhook.objects.select_for_update(no_key=True).get(pk=hook_id, customer=customer)
