"""The rules of the SMS actions: which numbers are given, charged, answered and paid back."""

import heapq
import random
from collections.abc import Callable, Mapping
from typing import Any

from upstream.sandbox.books import Books, Refusal
from upstream.sandbox.clock import Clock
from upstream.sandbox.numbers import (
    COUNTRIES,
    MOST_NUMBERS,
    Number,
    Project,
    SmsPlan,
    build_projects,
    draw_phone,
    open_number,
)
from upstream.sandbox.order_desk import whole_number


class SmsDesk:
    """The numbers and their plans. Not thread-safe: the vendor's lock guards it."""

    def __init__(self, clock: Clock, books: Books, next_id: Callable[[], int], seed: int) -> None:
        self.projects = {project.id: project for project in build_projects(seed)}
        self.numbers: dict[int, Number] = {}
        self.plans: list[SmsPlan] = []
        self._clock = clock
        self._books = books
        self._next_id = next_id
        self._seed = seed
        self._by_phone: dict[str, Number] = {}
        self._ending: list[tuple[float, int]] = []

    def countries(self) -> list[dict[str, Any]]:
        """The answer of `sms_countries`."""
        return [{"country_code": country.code, "country_name": country.name} for country in COUNTRIES]

    def listing(self, form: Mapping[str, str]) -> list[dict[str, Any]]:
        """The answer of `sms_projects`; `country` is compared with `country_id` only."""
        country = form.get("country", "").strip()
        return [
            {
                "project_id": project.id,
                "name": project.name,
                "price": format(project.price, ".4f"),
                "country_id": project.country.id,
                "country_title": project.country.title,
            }
            for project in self.projects.values()
            if not country or project.country.id == country
        ]

    def add(self, form: Mapping[str, str], now: float, sequence: int) -> dict[str, Any]:
        """Rent numbers, perhaps fewer than asked for, and charge those given. Not idempotent."""
        project_id = form.get("project_id", "").strip()
        if not project_id:
            raise Refusal("Project ID is required")
        project = self.projects.get(project_id)
        if project is None:
            raise Refusal("Project not found")
        country = form.get("country", "").strip()
        if country and country != project.country.id:
            raise Refusal("Project is not available in this country")
        quantity = whole_number(form, "quantity") if form.get("quantity", "").strip() else 1
        if quantity is None or not 1 <= quantity <= MOST_NUMBERS:
            raise Refusal(f"Quantity must be between 1 and {MOST_NUMBERS}")
        phone = form.get("phone", "").strip()
        if phone:
            self._reusable(phone, project, now)
            quantity = 1
        plan = self._plan(project.id)
        most = project.most if plan is None or plan.give is None else plan.give
        given = min(quantity, most)
        if given < 1:
            raise Refusal("No numbers available")
        self._books.afford(project.price * given)
        if plan and plan.times is not None:
            plan.times -= 1
            if plan.times <= 0:
                self.plans.remove(plan)
        rented = [self._rent(project, phone, plan, now, sequence) for _ in range(given)]
        return {
            "orders": [
                {
                    "order": number.id,
                    "phone": number.phone,
                    "country": project.country.id,
                    "status": "active",
                }
                for number in rented
            ]
        }

    def _reusable(self, phone: str, project: Project, now: float) -> None:
        before = self._by_phone.get(phone)
        if before is None or before.project.country != project.country:
            raise Refusal("Phone number is not available")
        if before.status(now) == "active":
            raise Refusal("Phone number is in use")

    def _plan(self, project_id: str) -> SmsPlan | None:
        own = [plan for plan in reversed(self.plans) if plan.project == project_id]
        general = [plan for plan in reversed(self.plans) if plan.project is None]
        return next(iter(own + general), None)

    def _rent(self, project: Project, phone: str, plan: SmsPlan | None, now: float, sequence: int) -> Number:
        number_id = self._next_id()
        number = open_number(
            number_id=number_id,
            project=project,
            phone=phone or self._free_phone(project, number_id),
            now=now,
            seed=self._seed,
            plan=plan,
        )
        self._books.charge(
            order=number.id,
            action="add_sms",
            item=project.id,
            quantity=1,
            link=phone,
            amount=number.price,
            now=now,
            sequence=sequence,
        )
        self.numbers[number.id] = number
        self._by_phone[number.phone] = number
        heapq.heappush(self._ending, (number.ends, number.id))
        return number

    def _free_phone(self, project: Project, number_id: int) -> str:
        rng = random.Random(f"{self._seed}:phone:{number_id}")
        phone = draw_phone(project.country, rng)
        for _ in range(1_000):
            if phone not in self._by_phone:
                return phone
            phone = draw_phone(project.country, rng)
        # Every number of a small range has been rented before: lend one again.
        return phone

    def keep(self) -> dict[str, Any]:
        """What has to survive a restart; plans don't."""
        return {"numbers": self.numbers, "by_phone": self._by_phone, "ending": self._ending}

    def recall(self, kept: dict[str, Any]) -> None:
        """Go on from what `keep` gave."""
        self.numbers, self._by_phone, self._ending = kept["numbers"], kept["by_phone"], kept["ending"]

    def catch_up(self, now: float) -> None:
        """Pay back the numbers that ended by `now` without a code."""
        while self._ending and self._ending[0][0] <= now:
            moment, number_id = heapq.heappop(self._ending)
            number = self.numbers[number_id]
            if not number.earns:
                number.paid_back = number.price
                self._books.pay_back(
                    order=number.id,
                    amount=number.price,
                    reason=number.status(moment),
                    now=moment,
                )

    def code(self, order_id: int, now: float) -> dict[str, Any]:
        """The answer of `sms_code`: the newest code, or why there is none."""
        number = self._find(order_id)
        message = number.latest(now)
        if message:
            return {"status": "completed", "code": message.code, "sms_content": message.content}
        status = number.status(now)
        if status == "active":
            return {"status": "waiting", "message": "Waiting for code"}
        return {"status": status, "message": f"Number {status}"}

    def status(self, order_id: int, now: float) -> dict[str, Any]:
        """The answer of `sms_status`."""
        number = self._find(order_id)
        message = number.latest(now)
        answer: dict[str, Any] = {
            "status": number.status(now),
            "phone": number.phone,
            "code": message.code if message else None,
            "charge": format(number.price - number.paid_back, ".4f"),
            "currency": "USD",
        }
        if number.project.says_expiry:
            answer["expires_at"] = self._clock.moment(number.expires)
        return answer

    def _find(self, order_id: int) -> Number:
        number = self.numbers.get(order_id)
        if number is None:
            raise Refusal("Order not found")
        return number
