"""What the driver does to the shop and the vendor; each act returns what undoes it later, if anything has to."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path

import redis
from django.db import connection

from tests.faults.storm import clock, weather
from tests.faults.storm.customers import Customer
from tests.house import House
from upstream.sandbox.server import Sandbox

Later = tuple[float, str, Callable[[], None]]  # in so many seconds, this is done

# How long a kill waits for somebody to be in the middle of something.
AIM = 1.5
CENT_LEFT = Decimal("0.0005")
TOP_UP = Decimal(500)


class Hand:
    """The hand that breaks things. `done` counts them."""

    def __init__(self, *, house: House, sandbox: Sandbox, valkey: Path, key: str, customers: list[Customer]) -> None:
        self.done: Counter[str] = Counter()
        self.caught: Counter[str] = Counter()  # kills that met somebody in the middle
        self.weather = "calm"
        self.troubled = 0  # what besides the weather keeps purchases from going out
        self._house = house
        self._sandbox = sandbox
        self._valkey = valkey
        self._key = key
        self._customers = customers
        self._taken = Decimal(0)

    def do_weather(self, *, weather: str) -> Iterable[Later]:
        """The vendor's random faults from now on."""
        self._blow(weather)
        return ()

    def do_kill(self, *, name: str, down: float) -> Iterable[Later]:
        """`kill -9`, if possible while it is in the middle of a request; started again after `down` seconds."""
        if name in self._house.down():
            return ()
        if name.startswith("worker"):
            before = self._bought()
            self._aim(name, lambda: self._bought() > before)
        elif name == "web":
            self._aim(name, lambda: any(customer.in_flight for customer in self._customers))
        self._house.kill(name)
        self.done[f"kill {name}"] += 1
        return [(down, f"start {name}", lambda: self.start(name))]

    def do_flush(self) -> Iterable[Later]:
        """The broker forgets everything: queues, budget, breaker."""
        with redis.Redis(unix_socket_path=str(self._valkey), socket_timeout=5) as connection_:
            try:
                connection_.flushall()
                self.done["flush"] += 1
            except redis.RedisError:
                pass  # it is down just now, which is worse
        return ()

    def do_cut(self) -> Iterable[Later]:
        """Every connection to the database breaks off, whatever is going on in it."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            self.done["cut connections"] += int(cursor.fetchone()[0])
        self.done["cut"] += 1
        return ()

    def do_step(self, *, name: str, offset: float, seconds: float) -> Iterable[Later]:
        """One process's clock is stepped to `offset` seconds beside the true time, and after a while back."""
        file = clock_file(self._house.home, name)
        clock.step(file, offset)
        self.done["step"] += 1
        return [(seconds, f"step {name} back", lambda: clock.step(file, 0.0))]

    def do_broke(self, *, seconds: float) -> Iterable[Later]:
        """The prepaid balance is used up, by whatever else; it is topped up after a while, by more than that."""
        vendor = self._sandbox.vendor
        with vendor.lock:
            self._taken += max(vendor.balance - CENT_LEFT, Decimal(0))
            vendor.balance = min(vendor.balance, CENT_LEFT)
        self.done["broke"] += 1
        self.troubled += 1
        return [(seconds, "top up", self.top_up)]

    def do_revoke(self, *, seconds: float) -> Iterable[Later]:
        """The vendor takes another key for a while."""
        self._sandbox.set_key(f"not-{self._key}")
        self.done["revoke"] += 1
        self.troubled += 1
        return [(seconds, "restore the key", self.restore_key)]

    # ── Undoing ────────────────────────────────────────────────────────────────────────────────────
    def start(self, name: str) -> None:
        """Start a part that is down."""
        if name in self._house.down():
            self._house.run(name)

    def top_up(self) -> None:
        """Give the prepaid balance back, and more."""
        self.troubled = max(self.troubled - 1, 0)
        vendor = self._sandbox.vendor
        with vendor.lock:
            if self._taken:
                vendor.balance = vendor.balance + self._taken + TOP_UP
            self._taken = Decimal(0)

    def restore_key(self) -> None:
        """The vendor takes our key again."""
        self.troubled = max(self.troubled - 1, 0)
        self._sandbox.set_key(self._key)

    def calm(self) -> None:
        """Everything as it was: no faults, every part running, every clock right."""
        self._sandbox.faults.clear()
        self.weather = "after"
        self.restore_key()
        self.top_up()
        for file in self._house.home.glob("clock-*"):
            clock.step(file, 0.0)
        for name in self._house.died():
            self._house.kill(name)
        for name in self._house.down():
            self._house.run(name)

    def _blow(self, name: str) -> None:
        self.weather = name
        weather.blow(self._sandbox, name)

    def _bought(self) -> int:
        return self._sandbox.received["add"] + self._sandbox.received["add_sms"]

    def _aim(self, name: str, ready: Callable[[], bool]) -> None:
        ends = time.monotonic() + AIM
        while time.monotonic() < ends:
            if ready():
                self.caught[name] += 1
                return
            time.sleep(0.002)


def clock_file(home: Path, name: str) -> Path:
    """Where the clock of a part is told its offset."""
    return home / f"clock-{name}"
