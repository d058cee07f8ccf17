"""Fifty customers with browsers and five with programs, for twenty minutes, with a rolling restart in the middle.

    .venv/bin/python -m bench.load [--minutes 20] [--browsers 50] [--programs 5] [--services 2000] [--steady]

Starts PostgreSQL, Valkey, a sandbox, the web server, two workers and beat. A browser logs in, looks at the shop,
searches as one types, orders, looks at its orders and its money, and thinks between two clicks; a program orders and
asks how its orders stand. In the middle every worker and then the web server is stopped as an upgrade stops it (TERM)
and started again; the listening socket stays, as systemd keeps it. With `--steady` nothing is stopped, so that the
memory at the end is that of processes which worked all the time. Afterwards what is under way runs to its end.

Prints one JSON line: requests, failures, median and p95 by kind of page, orders placed by the clients, in the database
and at the vendor, what the audit found, and the memory of each process after a fifth of the time and at the end.
Exit code 1 when a request failed, an order is missing or doubled, the books are wrong, or memory grew by a third.
"""

import argparse
import json
import os
import random
import re
import socket
import statistics
import sys
import threading
import time
from collections import Counter, defaultdict
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import requests

from bench.row import p95
from bench.stage import KEY, stage

PASSWORD = "a-long-password-of-a-customer"
_INPUT = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r'\b(name|value|type)="([^"]*)"')


class Told:
    """What all clients met, put together."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.took: dict[str, list[float]] = defaultdict(list)
        self.failed: Counter[str] = Counter()
        self.again = 0
        self.orders: set[int] = set()

    def took_one(self, kind: str, seconds: float) -> None:
        with self.lock:
            self.took[kind].append(seconds)

    def failure(self, what: str) -> None:
        with self.lock:
            self.failed[what] += 1

    def placed(self, order_id: int) -> None:
        with self.lock:
            if order_id in self.orders:
                self.failed[f"order {order_id} was told twice"] += 1
            self.orders.add(order_id)


class Client:
    """One customer's connection; what is asked is timed, and a connection that was closed idle is opened again."""

    def __init__(self, url: str, told: Told, seed: int) -> None:
        self.url, self.told, self.draw = url, told, random.Random(seed)
        self.session = requests.Session()

    def ask(self, kind: str, method: str, path: str, **more: Any) -> requests.Response | None:
        """The answer, redirects followed; None after a failure, which is counted."""
        address = path if path.startswith("http") else self.url + path
        began = time.perf_counter()
        for attempt in (1, 2):
            try:
                answer = self.session.request(method, address, timeout=30, **more)
                break
            except requests.ConnectionError as error:
                # As browsers do: a kept connection that ended before it was asked is no failure.
                if attempt == 2 or ("RemoteDisconnected" not in str(error) and "reset" not in str(error)):
                    self.told.failure(f"{kind}: {type(error).__name__}")
                    return None
                self.told.again += 1
            except requests.RequestException as error:
                self.told.failure(f"{kind}: {type(error).__name__}")
                return None
        self.told.took_one(kind, time.perf_counter() - began)
        if answer.status_code >= 400:
            self.told.failure(f"{kind}: HTTP {answer.status_code}")
            return None
        return answer


class Browser(Client):
    """A customer who looks around and orders."""

    def run(self, email: str, services: list[int], until: float, think: float) -> None:
        page = self.ask("log in", "GET", "/accounts/login/")
        if page is None:
            return
        form = hidden(page.text) | {"login": email, "password": PASSWORD}
        page = self.ask("log in", "POST", "/accounts/login/", data=form, headers={"Referer": self.url})
        if page is None or "/accounts/login" in page.url:
            self.told.failure("log in: refused")
            return
        while time.monotonic() < until:
            step = self.draw.choice([self.look, self.search, self.order, self.order, self.mine, self.money])
            step(services)
            time.sleep(self.draw.uniform(0.5, 1.5) * think)

    def look(self, services: list[int]) -> None:
        self.ask("front page", "GET", "/")
        self.ask("catalogue", "GET", "/services/", params={"page": self.draw.randrange(1, 5)})

    def search(self, _services: list[int]) -> None:
        word = self.draw.choice(["followers", "likes", "views", "telegram", "netflix"])
        for end in range(2, len(word) + 1, 2):
            self.ask("search", "GET", "/services/", params={"q": word[:end]}, headers={"HX-Request": "true"})

    def order(self, services: list[int]) -> None:
        path = f"/services/{self.draw.choice(services)}/"
        page = self.ask("service", "GET", path)
        if page is None or 'id="order-form"' not in page.text:
            return
        form = hidden(page.text.partition('id="order-form"')[2].partition("</form>")[0])
        form |= {"link": f"https://example.com/{self.draw.randrange(10**9)}", "quantity": form.get("quantity") or "100"}
        page = self.ask("order", "POST", path, data=form, headers={"Referer": self.url + path})
        if page is None:
            return
        found = re.search(r"/orders/([0-9]+)/", page.url)
        if found:
            self.told.placed(int(found[1]))
        else:
            self.told.failure("order: not placed")

    def mine(self, _services: list[int]) -> None:
        page = self.ask("orders", "GET", "/orders/")
        found = re.findall(r'href="(/orders/[0-9]+/)"', page.text) if page is not None else []
        if found:
            self.ask("order's page", "GET", self.draw.choice(found))

    def money(self, _services: list[int]) -> None:
        self.ask("wallet", "GET", "/wallet/")


class Program(Client):
    """A customer's program: orders, and asks for what it ordered."""

    def run(self, secret: str, service: int, quantity: int, until: float, think: float) -> None:
        mine: list[int] = []
        while time.monotonic() < until:
            wish = {"service": service, "quantity": quantity, "link": f"https://example.com/{self.draw.random()}"}
            wish["idempotency_key"] = f"{self.draw.random()}"
            answer = self.call("add", secret, **wish)
            if answer and "order" in answer:
                mine.append(answer["order"])
                self.told.placed(answer["order"])
            elif answer is not None:
                self.told.failure(f"add: {answer}")
            for _time in range(4):
                if mine:
                    self.call("status", secret, order=self.draw.choice(mine[-50:]))
                time.sleep(self.draw.uniform(0.5, 1.5) * think / 5)

    def call(self, action: str, secret: str, **values: Any) -> Any:
        answer = self.ask(f"API {action}", "POST", "/api/v2", data={"key": secret, "action": action, **values})
        return None if answer is None else answer.json()


def hidden(html: str) -> dict[str, str]:
    """What a form sends by itself."""
    found = [dict(_ATTRIBUTE.findall(tag)) for tag in _INPUT.findall(html)]
    return {one["name"]: unescape(one.get("value", "")) for one in found if one.get("name") and "value" in one}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=20.0)
    options.add_argument("--browsers", type=int, default=50)
    options.add_argument("--programs", type=int, default=5)
    options.add_argument("--steady", action="store_true", help="nothing is restarted")
    options.add_argument("--services", type=int, default=2000)
    options.add_argument("--think", type=float, default=5.0, help="seconds between two clicks")
    given = options.parse_args()
    with stage(name="load", database="postgres", services=given.services, speed=30.0) as (vendor, home):
        return 0 if run(given, vendor, home) else 1


def run(given: argparse.Namespace, vendor: Any, home: Path) -> bool:
    """Put the shop up, load it, and tell; whether all was well."""
    from django.db import connection

    from tests.house import House

    emails, secrets, services, cheap = prepare(given)
    connection.close()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    environment = {
        "WEB_CONCURRENCY": "2",
        "API_PER_MINUTE": "100000",
        "UPSTREAM_MAX_PER_SECOND": "200",
        "UPSTREAM_MAX_CONCURRENCY": "16",
    }
    os.environ["WEB_CONCURRENCY"] = "2"
    house = House(
        home=home, upstream_url=vendor.url, upstream_key=KEY, environment=environment, workers=2, listener=listener
    )
    told = Told()
    try:
        house.start()
        until = time.monotonic() + given.minutes * 60
        clients = [
            *(
                threading.Thread(
                    target=Browser(house.url, told, number).run, args=(email, services, until, given.think)
                )
                for number, email in enumerate(emails)
            ),
            *(
                threading.Thread(
                    target=Program(house.url, told, 1000 + number).run, args=(secret, *cheap, until, given.think)
                )
                for number, secret in enumerate(secrets)
            ),
        ]
        for client in clients:
            client.start()
            time.sleep(min(2.2, given.minutes * 6 / len(clients)))  # the log-in page takes 30 a minute from one address
        memory = watch(house, until, given.minutes * 60, steady=given.steady)
        for client in clients:
            client.join()
        settled = drain(seconds=300)
    finally:
        house.stop()
        listener.close()
    return tell(told, vendor, memory, settled, given)


def prepare(given: argparse.Namespace) -> tuple[list[str], list[str], list[int], tuple[int, int]]:
    """Customers with money: e-mail addresses, keys; services to order, and one with its smallest quantity."""
    from allauth.account.models import EmailAddress
    from django.utils import timezone

    from accounts.models import User
    from api import keys
    from catalog.models import Service
    from catalog.sync import sync_catalog
    from wallet import ledger

    sync_catalog()
    now = timezone.now()
    emails, secrets = [], []
    for number in range(given.browsers + given.programs):
        customer = User.objects.create_user(f"load{number}@example.com", PASSWORD)
        EmailAddress.objects.create(user=customer, email=customer.email, primary=True, verified=True)
        account = ledger.account_of(customer)
        ledger.deposit(account=account, amount=Decimal(100_000), key=f"load{number}", now=now)
        if number < given.browsers:
            emails.append(customer.email)
        else:
            secrets.append(keys.make(customer=customer, name="load", now=now)[1])
    smm = Service.objects.filter(entity=Service.Entity.SMM, min__lte=100, max__gte=100, price__lt=100).order_by("price")
    cheap = smm[0]
    return emails, secrets, list(smm.values_list("pk", flat=True)[:200]), (cheap.pk, max(cheap.min, 10))


def watch(house: Any, until: float, seconds: float, *, steady: bool) -> dict[str, list[float]]:
    """Restart everything in turn at half time, unless it is steady.

    MB of each part after a fifth of the time, and in the last minute.
    """
    began, restarted, memory = time.monotonic(), steady, defaultdict(list)
    early = False
    while (now := time.monotonic()) < until:
        if not early and now > began + seconds / 5:
            early = True
            note(house, memory)
        if not restarted and now > began + seconds / 2:
            restarted = True
            for name in ("worker1", "worker2", "beat", "web"):
                house.restart(name)
        time.sleep(0.5)
    note(house, memory)
    return memory


def note(house: Any, memory: dict[str, list[float]]) -> None:
    for name in ("web", "worker1", "worker2", "beat"):
        memory[name].append(round(house.memory(name), 1))


def drain(*, seconds: float) -> bool:
    """Wait until nothing is on its way to the vendor."""
    from orders import states
    from orders.models import Order

    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if not Order.objects.filter(state__in=[states.PLACED, states.SUBMITTING]).exists():
            return True
        time.sleep(1)
    return False


def tell(told: Told, vendor: Any, memory: dict[str, list[float]], settled: bool, given: argparse.Namespace) -> bool:
    """One line of JSON; whether all was well."""
    from django.db.models import Count

    from orders.models import Order
    from reseller.books import audit

    books = audit()
    at_vendor = Counter(Order.objects.exclude(upstream_id=None).values_list("upstream_id", flat=True))
    bought = [each.order for each in vendor.vendor.purchases]
    doubled = [one for one, times in at_vendor.items() if times > 1]
    mine = set(Order.objects.values_list("pk", flat=True))
    states = dict(Order.objects.order_by().values_list("state").annotate(Count("pk")))
    grew = {name: sizes for name, sizes in memory.items() if sizes[-1] > sizes[0] * 4 / 3}
    good = (
        *(settled, not told.failed, not doubled, not books.problems, not grew),
        *(told.orders <= mine, sorted(bought) == sorted(at_vendor.elements())),
    )
    line = {
        "bench": "load",
        "minutes": given.minutes,
        "customers": [given.browsers, given.programs],
        "requests": sum(map(len, told.took.values())),
        "failed": dict(told.failed),
        "connections_opened_again": told.again,
        "ms": {
            kind: {"median": round(statistics.median(each) * 1000), "p95": round(p95(each) * 1000), "count": len(each)}
            for kind, each in sorted(told.took.items())
        },
        "orders": {
            "told_to_clients": len(told.orders),
            "in_the_shop": len(mine),
            "at_the_vendor": len(bought),
            "doubled": len(doubled),
            "not_known_to_clients": len(mine - told.orders),
            "by_state": states,
        },
        "books": books.problems[:5],
        "memory_mb": memory,
        "good": all(good),
    }
    print(json.dumps(line, ensure_ascii=False), flush=True)
    return all(good)


if __name__ == "__main__":
    sys.exit(main())
