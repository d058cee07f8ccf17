"""A customer's programs: keys and the calls made with them, webhooks and what was posted there."""

import secrets
from collections.abc import Callable
from datetime import datetime

from accounts.models import User
from api import calls, keys
from api.models import Key
from api.webhooks import names
from api.webhooks.collect import News, put_out
from api.webhooks.models import Delivery, Event, Try, Webhook


class Programs:
    """Makes a customer's keys and webhooks; `tick` gives each act its moment."""

    def __init__(self, customer: User, tick: Callable[[], datetime]) -> None:
        self.customer, self.tick = customer, tick

    def key(self, name: str, **more: object) -> Key:
        made, _secret = keys.make(customer=self.customer, name=name, now=self.tick(), **more)  # type: ignore[arg-type]
        return made

    def called(self, key: Key, number: int) -> None:
        outcome = "" if number % 4 else "There is no service 99999999999999999999 for you."
        action = ["services", "add", "status", "balance"][number % 4]
        calls.note(
            key=key, action=action, outcome=outcome, milliseconds=7 + number, address="203.0.113.7", now=self.tick()
        )

    def hook(self, url: str, **fields: object) -> Webhook:
        # Its host is nobody's: the act would ask a resolver for it.
        moment = self.tick()
        given = {"events": names.ALL, "active_since": moment, "created_at": moment, **fields}
        return Webhook.objects.create(customer=self.customer, url=url, **given)

    def posted(self, hook: Webhook, number: int) -> Delivery:
        """An event to that address, with what came of it."""
        source, name = secrets.randbelow(2**62), names.ALL[number % len(names.ALL)]
        moment = self.tick()
        news = News(self.customer.pk, name, Event.Source.TEST, source, moment, {"order": 1000 + number})
        put_out(news=[news], now=moment, only=hook)
        delivery = Delivery.objects.get(webhook=hook, event__source_id=source)
        state = list(Delivery.State)[number % 3]
        for turn in range(1 if state == Delivery.State.DELIVERED else 3):
            status, error = (204, "") if state == Delivery.State.DELIVERED else (None, "no answer in time")
            Try.objects.create(delivery=delivery, status=status, error=error, milliseconds=80 + turn, at=self.tick())
        over = state != Delivery.State.PENDING
        delivery.state, delivery.tries = state, 3
        delivery.next_at, delivery.finished_at = (None, moment) if over else (self.tick(), None)
        delivery.save()
        return delivery
