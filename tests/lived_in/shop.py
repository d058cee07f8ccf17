"""The whole of it: one of everything in every state, and more of whatever stands in a list."""

import itertools
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from allauth.account.models import EmailAddress

from accounts import referral, terms
from accounts.models import User
from api import keys
from catalog import back_in_stock
from catalog.models import Category, Promotion, Service
from core.models import ExchangeRate
from orders import states
from orders.models import Order, Plan
from sms.models import Number, Project, Purchase
from tests.lived_in import people, shelf, talk
from tests.lived_in.money import Money
from tests.lived_in.numbers import Numbers
from tests.lived_in.orders import WAYS, Orders
from tests.lived_in.programs import Programs
from tests.lived_in.talk import Talk
from wallet import ledger


@dataclass
class LivedIn:
    """A shop in use. `now` is the present; whatever happened before lies in the days before it."""

    now: datetime
    step: timedelta = timedelta(minutes=11)
    customer: User = field(init=False)
    newcomer: User = field(init=False)
    operator: User = field(init=False)
    services: dict[str, Service] = field(init=False)

    def __post_init__(self) -> None:
        self._moments = itertools.count()
        self._since = self.now - timedelta(days=12)
        self._more = itertools.count(1)

    def tick(self) -> datetime:
        """The next moment of the past."""
        return min(self._since + self.step * next(self._moments), self.now)

    # ── One of everything ──────────────────────────────────────────────────────────────────────────
    def open(self) -> "LivedIn":
        """Furnish the shop; the catalogue and the numbers are on the shelf already."""
        self._open_doors()
        self.orders, self.plans = self._buy()
        self.numbers, self.purchases = self._buy_numbers()
        self.top_ups = self.money.top_ups()
        self.money.voucher()
        self.requests = self.talk.requests(self.orders)
        self._let_programs_in()
        for number in range(3):
            people.logged_in(self.customer, number, self.tick())
        return self

    def _open_doors(self) -> None:
        self.operator = people.person("operator@example.com", is_staff=True, is_superuser=True)
        self.customer = people.person("mira.lindqvist@example.com", first_name="Mira")
        self.newcomer = people.person("new@example.com")
        self.terms = [talk.publish_terms(version, self.tick()) for version in ("2025-06", "2026-01")]
        for who in (self.customer, self.newcomer):
            terms.accept(user=who, version=self.terms[-1].pk, address="203.0.113.7", now=self.tick())
        people.guard(self.customer)
        # One more address of theirs, which waits to be confirmed.
        EmailAddress.objects.create(user=self.customer, email="mira@studio.example", verified=False)
        User.objects.filter(pk=self.newcomer.pk).update(referred_by=self.customer)
        referral.code_of(self.customer)
        ExchangeRate.objects.create(currency="EUR", rate=Decimal("0.92"), as_of=date(2026, 1, 31))
        Promotion.objects.create(code="SPRING", percent=10)
        Category.objects.update(warranty_days=7)
        talk.announced(0, self.tick(), pinned=True)
        talk.answered_question(0)
        sold = Service.objects.filter(state=Service.State.ON_SALE)
        usual = sold.filter(entity="SMM", unit=1000).order_by("pk")
        goods = sold.filter(entity="PRODUCT", stock__gte=20, min=1, max__gte=20)
        product = goods.order_by("pk").first() or goods.model.objects.none().get()
        self.services = {"SMM": usual[0], "STEADY": usual[1], "PRODUCT": product, **shelf.odd(self.tick())}
        self.usual = list(usual)
        shelf.look_alive([*self.usual[:6], product], self.now)
        self.money = Money(self.customer, self.operator, self.tick)
        self.money.paid("900")
        self.money.paid("900")
        ledger.adjust(
            account=ledger.account_of(self.customer),
            amount=Decimal("12.50"),
            key="lived-in-sorry",
            memo="For the outage in March",
            now=self.tick(),
        )
        self.buy = Orders(self.customer, self.operator, self.tick)
        self.ring = Numbers(self.customer, self.operator, self.tick)
        self.talk = Talk(self.customer, self.operator, self.tick)
        self.programs = Programs(self.customer, self.tick)

    def _buy(self) -> tuple[dict[str, Order], dict[str, Plan]]:
        smm = self.services["SMM"]
        orders = {state: self.buy.in_state(state, smm) for state in (*WAYS, states.UNCERTAIN)}
        orders["REFUNDED"] = self.buy.refunded(smm)
        orders["PROMOTED"] = self.buy.in_state(states.COMPLETED, smm, smm.min * 4, promo="SPRING")
        orders["GOODS"] = self.buy.delivered(self.services["PRODUCT"], 6)
        orders["LONG"] = self.buy.in_state(states.RUNNING, self.services["LONG"], 12_345)
        orders["RTL"] = self.buy.in_state(states.PARTIAL, self.services["RTL"])
        for number, each in enumerate(self.usual[:4]):
            shelf.changed(each, number, self.tick())
            shelf.keep(self.customer, each)
        back_in_stock.wish(customer=self.customer, service_id=self.services["EMPTY"].pk, now=self.tick())
        return orders, self.buy.plans(smm, self.now)

    def _buy_numbers(self) -> tuple[dict[str, Number], dict[str, Purchase]]:
        sold = Project.objects.filter(state=Project.State.ON_SALE).select_related("site", "country").order_by("pk")
        self.projects = list(sold)
        project = self.projects[0]
        self.ring.keep(project)
        numbers = {
            "FINISHED": self.ring.finished(project),
            "EXPIRED": self.ring.expired(project),
            "RECEIVED": self.ring.received(project, 2, now=self.now - timedelta(minutes=2)),
            "WAITING": self.ring.waiting(project, 2, now=self.now - timedelta(minutes=1))[0],
        }
        return numbers, {"REJECTED": self.ring.refused(project), "PLACED": self.ring.placed(project, now=self.now)}

    def _let_programs_in(self) -> None:
        self.keys = [
            self.programs.key("Panel"),
            self.programs.key("Bookkeeping", scope="READ_ONLY", networks=["203.0.113.0/24", "2001:db8::/32"]),
        ]
        self.hooks = [
            self.programs.hook("https://shop.example.net/hooks/orders"),
            self.programs.hook(
                "https://a-very-long-host-name-for-a-webhook.staging.eu-central.example.net/v1/hooks/" + "x" * 90,
                active=False,
                failing_since=self.tick(),
                paused_at=self.tick(),
            ),
        ]
        for number in range(3):
            self.programs.posted(self.hooks[0], number)
            self.programs.called(self.keys[number % 2], number)

    # ── More of it ─────────────────────────────────────────────────────────────────────────────────
    def more(self, count: int) -> None:
        """`count` more rows in every list that customers see."""
        smm = self.services["SMM"]
        for number in itertools.islice(self._more, count):
            service = self.usual[number % len(self.usual)]
            self.buy.in_state(WAYS[number % len(WAYS)], service if service.min * service.price < 2000 else smm)
            self.ring.finished(self.projects[number % len(self.projects)])
            self.money.paid("10")
            self.talk.closed(number)
            talk.announced(number, self.tick())
            talk.answered_question(number)
            shelf.changed(service, number, self.tick())
            shelf.keep(self.customer, service)
            shelf.stock_up(number, self.now)
            self.programs.posted(self.hooks[0], number)
            self.programs.called(self.keys[0], number)
            people.logged_in(self.customer, number + 3, self.tick())
            people.passkey(self.customer, f"Key {number}")
            self.ring.keep(self.projects[number % len(self.projects)])
        for _number in range(count // 3):
            self.buy.plan(smm, 2)
            self.ring.received(self.projects[0], now=self.now)
            self.talk.replied(self.requests["OPEN"])
        for number in range(min(count, keys.MOST - len(self.keys) - 2)):
            self.keys.append(self.programs.key(f"Bot {number}"))
        self.buy.looked_at(self.orders["GOODS"], count)
