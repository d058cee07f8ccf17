"""The vendor: every action of the contract behind one lock, apart from HTTP.

`answer` takes a form as it came and gives the reply's bytes; it never raises for anything a caller sent.
"""

import hmac
import json
import random
import threading
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from upstream.sandbox.books import Books, PayBack, Purchase, Refusal, show_balance
from upstream.sandbox.catalogue import Service, build
from upstream.sandbox.clock import Clock
from upstream.sandbox.numbers import Number, SmsPlan
from upstream.sandbox.order_desk import OrderDesk, whole_number
from upstream.sandbox.orders import BEHAVIOURS, Order, Plan
from upstream.sandbox.shelf import Shelf
from upstream.sandbox.sms_desk import SmsDesk

FIRST_ORDER = 23_501


class Vendor:
    """The vendor's books and rules. Every public method may be called from any thread."""

    def __init__(self, *, services: int, seed: int, key: str, balance: Decimal, clock: Clock) -> None:
        self.seed = seed
        self.clock = clock
        self.key = key
        self.lock = threading.RLock()
        self.calls: Counter[str] = Counter()  # requests processed, by action
        self.next_id = FIRST_ORDER
        self._shelf = Shelf(build(services, seed), seed)
        self.books = Books(clock, balance)
        self._order_desk = OrderDesk(self._shelf, self.books, self._take_id, seed)
        self._sms_desk = SmsDesk(clock, self.books, self._take_id, seed)
        self._forced: dict[int, dict[str, Any]] = {}
        self._sequence = 0

    # ── What tests and demos look at ───────────────────────────────────────────────────────────────
    @property
    def balance(self) -> Decimal:
        """Our prepaid balance in USD, exact, with everything paid back that is due."""
        with self.lock:
            self._catch_up()
            return self.books.balance

    @balance.setter
    def balance(self, amount: Decimal) -> None:
        if not amount.is_finite():
            raise ValueError("The balance must be a number.")
        with self.lock:
            self._catch_up()
            self.books.balance = amount

    @property
    def journal(self) -> list[Purchase | PayBack]:
        """Every purchase and pay-back until now, oldest first."""
        with self.lock:
            self._catch_up()
            return list(self.books.journal)

    @property
    def purchases(self) -> list[Purchase]:
        """Every purchase accepted until now, oldest first."""
        return [entry for entry in self.journal if isinstance(entry, Purchase)]

    @property
    def pay_backs(self) -> list[PayBack]:
        """Every pay-back until now, oldest first."""
        return [entry for entry in self.journal if isinstance(entry, PayBack)]

    @property
    def services(self) -> dict[int, Service]:
        """The catalogue by number, withdrawn rows included."""
        return self._shelf.services

    @property
    def orders(self) -> dict[int, Order]:
        """Every order by number."""
        return self._order_desk.orders

    @property
    def projects(self) -> dict[str, Any]:
        """The SMS projects by id."""
        return self._sms_desk.projects

    @property
    def numbers(self) -> dict[int, Number]:
        """Every rented number by its order number."""
        return self._sms_desk.numbers

    @property
    def plans(self) -> list[Plan | SmsPlan]:
        """The plans in force, oldest first."""
        with self.lock:
            return [*self._order_desk.plans, *self._sms_desk.plans]

    def behaviour(self, service_id: int) -> str:
        """What orders of a service do unless planned otherwise; "mixed" is drawn for each order."""
        return self._shelf.services[service_id].behaviour

    def services_that(self, behaviour: str, *, entity: str | None = None, auto: bool | None = None) -> list[int]:
        """The services on sale and in stock that behave so, lowest number first."""
        with self.lock:
            return [
                service.id
                for service in self._shelf.services.values()
                if service.behaviour == behaviour
                and not service.gone
                and service.stock >= service.min
                and entity in (None, service.entity)
                and auto in (None, service.auto)
            ]

    def sms_behaviour(self, project_id: str) -> str:
        """What numbers of a project do unless planned otherwise."""
        return self._sms_desk.projects[project_id].behaviour

    def projects_that(self, behaviour: str, *, country: str | None = None) -> list[str]:
        """The projects that behave so and can give numbers, in the order of the list."""
        return [
            project.id
            for project in self._sms_desk.projects.values()
            if project.behaviour == behaviour and project.most and country in (None, project.country.id)
        ]

    # ── What tests and demos decide ────────────────────────────────────────────────────────────────
    def plan(self, **fields: Any) -> Plan:
        """Decide what the next orders do: see `Plan`. A later plan goes before an earlier one."""
        plan = Plan(**fields)
        if plan.service is not None and plan.service not in self._shelf.services:
            raise ValueError(f"There is no service {plan.service}.")
        with self.lock:
            self._order_desk.plans.append(plan)
        return plan

    def plan_sms(self, **fields: Any) -> SmsPlan:
        """Decide what the next numbers do: see `SmsPlan`."""
        plan = SmsPlan(**fields)
        if plan.project is not None and plan.project not in self._sms_desk.projects:
            raise ValueError(f"There is no project {plan.project}.")
        with self.lock:
            self._sms_desk.plans.append(plan)
        return plan

    def force(self, order_id: int, *, drop: tuple[str, ...] | list[str] = (), **fields: Any) -> None:
        """Put raw values into every status reply of an order or number; leave the fields of `drop` out."""
        with self.lock:
            if order_id not in self.orders and order_id not in self.numbers:
                raise ValueError(f"There is no order {order_id}.")
            self._forced[order_id] = {"set": fields, "drop": tuple(drop)}

    def set_service(self, service_id: int, **fields: Any) -> Service:
        """Change a row of the catalogue, or withdraw it with `gone=True`."""
        if fields.get("behaviour", "mixed") not in (*BEHAVIOURS, "mixed"):
            raise ValueError(f"The behaviour must be mixed or one of: {', '.join(BEHAVIOURS)}.")
        with self.lock:
            return self._shelf.change(service_id, **fields)

    def forget(self) -> None:
        """Drop every plan and every forced reply; books, orders and catalogue stay."""
        with self.lock:
            self._order_desk.plans.clear()
            self._sms_desk.plans.clear()
            self._forced.clear()

    def states(self) -> dict[str, dict[str, int]]:
        """How many orders and numbers stand in each state."""
        with self.lock:
            now = self._catch_up()
            return {
                "orders": dict(Counter(order.status(now) for order in self.orders.values())),
                "numbers": dict(Counter(number.status(now) for number in self.numbers.values())),
            }

    # ── What survives a restart ────────────────────────────────────────────────────────────────────
    def keep(self) -> dict[str, Any]:
        """The state, not copied: hold the lock until it is written. No key, plan or forced reply is in it."""
        return {
            "next_id": self.next_id,
            "sequence": self._sequence,
            "now": self.clock.now(),
            "balance": self.books.balance,
            "journal": self.books.journal,
            "services": self._shelf.services,
            "orders": self._order_desk.keep(),
            "numbers": self._sms_desk.keep(),
        }

    def recall(self, kept: dict[str, Any], *, passed: float) -> None:
        """Go on from what `keep` gave `passed` seconds of everyone else's time ago."""
        with self.lock:
            self.next_id = kept["next_id"]
            self._sequence = kept["sequence"]
            self.books.balance, self.books.journal = kept["balance"], kept["journal"]
            self._shelf.recall(kept["services"])
            self._order_desk.recall(kept["orders"])
            self._sms_desk.recall(kept["numbers"])
            self.clock.advance(kept["now"] + passed * self.clock.speed)

    def mark(self) -> tuple[Any, ...]:
        """Differs when something happened that time alone does not bring about again."""
        with self.lock:
            books = self.books
            return self.next_id, len(books.journal), books.balance, self._shelf.changes, self.clock.advanced

    # ── The contract ───────────────────────────────────────────────────────────────────────────────
    def answer(self, form: Mapping[str, str], *, withdrawn: float = 0.0) -> bytes:
        """The JSON reply to a request. `withdrawn` is the share of services to leave out of it."""
        with self.lock:
            self._sequence += 1
            now = self._catch_up()
            try:
                reply = self._act(form, now, withdrawn)
            except Refusal as refusal:
                reply = {"error": str(refusal)}
        if isinstance(reply, bytes):
            return reply
        return json.dumps(reply, ensure_ascii=False, separators=(",", ":")).encode()

    def _act(self, form: Mapping[str, str], now: float, withdrawn: float) -> Any:
        if not hmac.compare_digest(form.get("key", "").encode(), self.key.encode()):
            raise Refusal("Invalid API key")
        action = form.get("action", "")
        self.calls[action] += 1
        match action:
            case "categories":
                return {"categories": self._shelf.categories()}
            case "services":
                return self._shelf.listing(
                    category=form.get("category", ""),
                    subcategory=form.get("subcategory", ""),
                    page=max(whole_number(form, "page") or 1, 1),
                    limit=whole_number(form, "limit") or 0,
                    hidden=self._hidden(withdrawn),
                )
            case "inventory":
                return self._inventory(form)
            case "add":
                return self._order_desk.add(form, now, self._sequence)
            case "status":
                order_id = self._order_id(form)
                return self._as_forced(order_id, self._order_desk.status(order_id, now))
            case "balance":
                return {"balance": show_balance(self.books.balance), "currency": "USD"}
            case "sms_countries":
                return self._sms_desk.countries()
            case "sms_projects":
                return self._sms_desk.listing(form)
            case "add_sms":
                return self._sms_desk.add(form, now, self._sequence)
            case "sms_code":
                order_id = self._order_id(form)
                return self._as_forced(order_id, self._sms_desk.code(order_id, now))
            case "sms_status":
                order_id = self._order_id(form)
                return self._as_forced(order_id, self._sms_desk.status(order_id, now))
        raise Refusal("Invalid action")

    def _inventory(self, form: Mapping[str, str]) -> dict[str, Any]:
        service_id = whole_number(form, "service")
        if service_id is None:
            raise Refusal("Service ID is required")
        service = self._shelf.get(service_id)
        if service is None:
            raise Refusal("Service not found")
        return {
            "service": service.id,
            "stock": service.stock,
            "available": service.stock >= max(service.min, 1),
            "entityType": service.entity,
            "autoDelivery": service.auto,
        }

    def _order_id(self, form: Mapping[str, str]) -> int:
        if not form.get("order", "").strip():
            raise Refusal("Order ID is required")
        order_id = whole_number(form, "order")
        if order_id is None:
            raise Refusal("Order not found")
        return order_id

    def _as_forced(self, order_id: int, reply: dict[str, Any]) -> dict[str, Any]:
        forced = self._forced.get(order_id)
        if forced is None:
            return reply
        return {name: value for name, value in (reply | forced["set"]).items() if name not in forced["drop"]}

    def _hidden(self, share: float) -> frozenset[int]:
        # The same share hides the same rows in every answer, pages and filters included.
        if share <= 0:
            return frozenset()
        ids = list(self._shelf.services)
        rng = random.Random(f"{self.seed}:hidden")
        return frozenset(rng.sample(ids, min(len(ids), round(len(ids) * share))))

    def _take_id(self) -> int:
        taken = self.next_id
        self.next_id += 1
        return taken

    def _catch_up(self) -> float:
        now = self.clock.now()
        self._order_desk.catch_up(now)
        self._sms_desk.catch_up(now)
        return now
