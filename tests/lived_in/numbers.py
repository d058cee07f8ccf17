"""Purchases of numbers in every state, and the codes that came."""

from collections.abc import Callable
from datetime import datetime, timedelta

from accounts.models import User
from sms import acquire, buy, close, listen, resolve, shelf
from sms.models import Number, Project, Purchase
from upstream.replies import SmsCode, SmsStatus

CODES = ["481 920", "7391", "G-204817"]


class Numbers:
    """Buys a customer's numbers; `tick` gives each act its moment."""

    def __init__(self, customer: User, operator: User, tick: Callable[[], datetime]) -> None:
        self.customer, self.operator, self.tick = customer, operator, tick
        self.made = 0

    def placed(self, project: Project, quantity: int = 1, now: datetime | None = None) -> Purchase:
        return buy.numbers(customer=self.customer, project_id=project.pk, quantity=quantity, now=now or self.tick())

    def uncertain(self, purchase: Purchase) -> Purchase:
        (claimed, *_rest) = acquire.forwarding._claim(acquire.DESK, purchase.pk)
        acquire.forwarding._uncertain(acquire.DESK, claimed, "no answer within 20 s")
        purchase.refresh_from_db()
        return purchase

    def waiting(self, project: Project, quantity: int = 1, now: datetime | None = None) -> list[Number]:
        """Numbers that wait for their code."""
        purchase = self.uncertain(self.placed(project, quantity, now))
        given = []
        for _number in range(quantity):
            self.made += 1
            given.append((7_000_000 + self.made, f"1202555{self.made:04}"))
        resolve.found(
            purchase_id=purchase.pk, numbers=given, operator=self.operator, reason="listed", now=now or self.tick()
        )
        return list(purchase.numbers.all())

    def received(self, project: Project, messages: int = 1, now: datetime | None = None) -> Number:
        """A number whose codes came."""
        (number,) = self.waiting(project, now=now)
        for turn in range(messages):
            code = CODES[(number.pk + turn) % len(CODES)]
            text = f"{project.site.name} code: {code}. Don't share it with anyone; our employees will never ask for it."
            self._heard(number, "code_received", SmsCode("code_received", code, text), now)
        return number

    def finished(self, project: Project) -> Number:
        number = self.received(project)
        return close.finish(number_id=number.pk, customer=self.customer, now=self.tick())

    def expired(self, project: Project) -> Number:
        (number,) = self.waiting(project)
        self._heard(number, "expired", None, None)
        number.refresh_from_db()
        return number

    def refused(self, project: Project) -> Purchase:
        purchase = self.uncertain(self.placed(project))
        return resolve.give_up(purchase_id=purchase.pk, operator=self.operator, reason="not listed", now=self.tick())

    def _heard(self, number: Number, word: str, message: SmsCode | None, now: datetime | None) -> None:
        status = SmsStatus(word, message.code if message else None, None, None)
        moment = (now or self.tick()) + timedelta(seconds=20)
        listen.record(number=number, news=listen.News(status, message), every=1.5, now=moment)
        number.refresh_from_db()

    def keep(self, project: Project) -> None:
        if project.pk not in shelf.kept(self.customer, project.site_id):
            shelf.toggle_favourite(customer=self.customer, project_id=project.pk)
