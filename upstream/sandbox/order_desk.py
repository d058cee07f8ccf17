"""The rules of `add` and `status`: what is refused, charged, delivered and paid back."""

import heapq
import re
from collections.abc import Callable, Mapping
from typing import Any

from upstream.sandbox.books import Books, Refusal, show_charge
from upstream.sandbox.orders import Order, Plan, open_order, pick_plan, unit_price
from upstream.sandbox.shelf import Shelf

NUMBER = re.compile(r"[0-9]{1,12}")


class OrderDesk:
    """The orders and their plans. Not thread-safe: the vendor's lock guards it."""

    def __init__(self, shelf: Shelf, books: Books, next_id: Callable[[], int], seed: int) -> None:
        self.orders: dict[int, Order] = {}
        self.plans: list[Plan] = []
        self._shelf = shelf
        self._books = books
        self._next_id = next_id
        self._seed = seed
        self._ending: list[tuple[float, int]] = []

    def add(self, form: Mapping[str, str], now: float, sequence: int) -> dict[str, Any]:
        """Accept an order or refuse it. Not idempotent: asked twice, it sells twice."""
        service_id = whole_number(form, "service")
        if service_id is None:
            raise Refusal("Service ID is required")
        service = self._shelf.get(service_id)
        if service is None:
            raise Refusal("Service not found")
        link = form.get("link", "").strip()
        if service.entity == "smm" and not link:
            raise Refusal("Link is required")
        quantity = whole_number(form, "quantity")
        if quantity is None:
            raise Refusal("Quantity is required")
        if quantity < max(service.min, 1):
            raise Refusal(f"Quantity is less than minimal {service.min}")
        if quantity > service.max:
            raise Refusal(f"Quantity is more than maximal {service.max}")
        if quantity > service.stock:
            raise Refusal("Not enough stock")
        amount = unit_price(service) * quantity
        self._books.afford(amount)
        order = open_order(
            order_id=self._next_id(),
            service=service,
            quantity=quantity,
            link=link,
            now=now,
            seed=self._seed,
            plan=pick_plan(self.plans, service.id),
        )
        self._books.charge(
            order=order.id,
            action="add",
            item=service.id,
            quantity=quantity,
            link=link,
            amount=amount,
            now=now,
            sequence=sequence,
        )
        self._shelf.take(service, quantity)
        self.orders[order.id] = order
        heapq.heappush(self._ending, (order.ends, order.id))
        return {"order": order.id}

    def keep(self) -> dict[str, Any]:
        """What has to survive a restart; plans don't."""
        return {"orders": self.orders, "ending": self._ending}

    def recall(self, kept: dict[str, Any]) -> None:
        """Go on from what `keep` gave."""
        self.orders, self._ending = kept["orders"], kept["ending"]

    def catch_up(self, now: float) -> None:
        """Pay back, and put back into stock, what the orders that ended by `now` did not deliver."""
        while self._ending and self._ending[0][0] <= now:
            moment, order_id = heapq.heappop(self._ending)
            order = self.orders[order_id]
            undelivered = order.quantity - order.final_delivered
            if undelivered:
                order.paid_back = order.unit_price * undelivered
                self._books.pay_back(order=order.id, amount=order.paid_back, reason=order.final_word, now=moment)
                self._shelf.take(order.service, -undelivered)

    def status(self, order_id: int, now: float) -> dict[str, Any]:
        """The answer of `status`."""
        order = self.orders.get(order_id)
        if order is None:
            raise Refusal("Order not found")
        delivered = order.delivered(now)
        answer: dict[str, Any] = {
            "status": order.status(now),
            "charge": show_charge(order.charge),
            "start_count": 0 if now < order.starts else order.start_count,
            "remains": order.quantity - delivered,
            "currency": "USD",
        }
        if order.service.entity == "product":
            answer["entityType"] = "product"
        answer["autoDelivery"] = order.service.auto
        if order.service.entity == "product" and delivered:
            answer["accounts"] = order.accounts(delivered)
        return answer


def whole_number(form: Mapping[str, str], name: str) -> int | None:
    """A whole number from 0, or None when the field is missing, empty or anything else."""
    text = form.get(name, "").strip()
    return int(text) if NUMBER.fullmatch(text) else None
