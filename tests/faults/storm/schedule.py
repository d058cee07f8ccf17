"""What goes wrong when, and who buys what: a pure function of the seed and the storm's size.

Moments are seconds from the storm's beginning. The schedule can be replayed; how the processes interleave can't.
"""

import random
from dataclasses import dataclass, field
from typing import Any

CUSTOMERS = 12
# The sandbox's first services, each with a behaviour of its own, and how often it is bought.
SMM = {1: 6, 14: 3, 15: 3, 3: 4, 4: 3, 5: 2, 6: 2, 17: 2}
PRODUCTS = {7: 5, 2: 2, 8: 3, 9: 2, 10: 2, 11: 1, 12: 1, 13: 1}
# Those that take minutes: not for a short storm.
SLOW = (5, 12)
PRODUCT_SHARE = 0.3
# A service is ordered up to so many times its minimum, so that no two cost the same.
MOST_TIMES = 40
# What customers do when no answer comes: most go on until they have one.
TEMPERS = {"patient": 70, "impatient": 12, "twin": 8, "gone": 10}

WEATHERS = {"calm": 30, "gusts": 55, "hurricane": 15}
STEPS = (-60.0, 60.0)
CLOCKED = ("web", "worker1", "worker2", "beat")


@dataclass(frozen=True, slots=True)
class Size:
    """How large a storm is. `orders` and `numbers` are what customers wish for; times are seconds."""

    seconds: float
    orders: int
    numbers: int

    @property
    def short(self) -> bool:
        """Too short for what takes minutes to pass."""
        return self.seconds < 150


@dataclass(frozen=True, slots=True, order=True)
class Act:
    """One thing done to the shop at a moment."""

    at: float
    name: str = field(compare=False)
    details: dict[str, Any] = field(compare=False, default_factory=dict)

    def __str__(self) -> str:
        return f"{self.at:8.1f}  {self.name} {' '.join(f'{k}={v}' for k, v in self.details.items())}".rstrip()


@dataclass(frozen=True, slots=True)
class Wish:
    """What one customer wants to buy once. `mark` is unique: by it the vendor's journal is read."""

    number: int
    at: float
    customer: int
    kind: str  # "order" or "numbers"
    item: int | str  # the service's number, or the project's id, at the vendor
    quantity: int  # of a service: so many times the smallest that it takes
    mark: str
    temper: str


def acts(seed: int, size: Size) -> list[Act]:
    """Everything that is done to the shop, in order."""
    chance = random.Random(f"{seed}:acts")
    return sorted(_weather(chance, size) + (_one_of_each(chance, size) if size.short else _many(chance, size)))


def _weather(chance: random.Random, size: Size) -> list[Act]:
    # Calm first, so that a storm never begins with a shop that has not sold anything yet.
    at, found, weather = 0.0, [], "calm"
    longest = 12.0 if size.short else 60.0
    while at < size.seconds:
        found.append(Act(at, "weather", {"weather": weather}))
        lasts = chance.uniform(0.4, 1.0) * longest
        # Longer ones would only show how the shop leaves a vendor alone that is down.
        at += min(lasts, longest / 4) if weather == "hurricane" else lasts
        weather = chance.choices([*WEATHERS], [*WEATHERS.values()])[0]
        if found[-1].details["weather"] == weather != "gusts":
            weather = "gusts"
    return found


def _one_of_each(chance: random.Random, size: Size) -> list[Act]:
    """A short storm has room for each fault once. What leaves traces for a minute comes early."""

    def at(share: float) -> float:
        return size.seconds * (share + chance.uniform(-0.02, 0.02))

    def down() -> float:
        return chance.uniform(1.0, 2.5)

    first, second = chance.sample(["worker1", "worker2"], 2)
    return [
        Act(at(0.06), "broke", {"seconds": 1.0}),
        # Ahead of the others: what it places waits until their clocks have caught up.
        Act(at(0.09), "step", {"name": "web", "offset": 60.0, "seconds": 2.5}),
        Act(at(0.16), "step", {"name": second, "offset": -60.0, "seconds": 14.0}),
        Act(at(0.24), "kill", {"name": first, "down": down()}),
        Act(at(0.32), "step", {"name": "web", "offset": -60.0, "seconds": 14.0}),
        Act(at(0.38), "cut", {}),
        Act(at(0.44), "kill", {"name": "web", "down": down()}),
        Act(at(0.50), "flush", {}),
        Act(at(0.60), "kill", {"name": second, "down": down()}),
        Act(at(0.66), "kill", {"name": "beat", "down": down()}),
        Act(at(0.74), "kill", {"name": "valkey", "down": down()}),
        Act(at(0.84), "cut", {}),
        # A rejected key rests everything for a minute; a broker that forgets forgets that as well.
        Act(at(0.88), "revoke", {"seconds": 2.0}),
        Act(at(0.98) + 2.0, "flush", {}),
    ]


def _many(chance: random.Random, size: Size) -> list[Act]:
    """Each kind again and again, at moments of its own. The last minute is left to the weather."""
    found: list[Act] = []

    def again(every: float, act: str, **draw: Any) -> None:
        at = every * chance.uniform(0.3, 1.0)
        while at < size.seconds - 30:
            details = {key: value() if callable(value) else value for key, value in draw.items()}
            found.append(Act(at, act, details))
            at += every * chance.uniform(0.6, 1.4)

    def seconds(low: float, high: float) -> Any:
        return lambda: round(chance.uniform(low, high), 1)

    again(110, "kill", name="worker1", down=seconds(1, 8))
    again(110, "kill", name="worker2", down=seconds(1, 8))
    again(180, "kill", name="web", down=seconds(0.5, 5))
    again(240, "kill", name="beat", down=seconds(1, 15))
    again(280, "kill", name="valkey", down=seconds(1, 10))
    again(190, "flush")
    again(100, "cut")
    again(400, "broke", seconds=seconds(5, 20))
    again(600, "revoke", seconds=seconds(5, 20))
    again(90, "step", name=lambda: chance.choice(CLOCKED), offset=lambda: chance.choice(STEPS), seconds=seconds(10, 60))
    return found


def wishes(seed: int, size: Size, projects: list[str]) -> list[Wish]:
    """What is bought, in order of time. Each purchase of numbers has a project of its own: the vendor's journal
    knows no other mark of it."""
    chance = random.Random(f"{seed}:wishes")
    found: list[Wish] = []

    def wish(kind: str, item: int | str, quantity: int, mark: str, at: float) -> None:
        temper = chance.choices([*TEMPERS], [*TEMPERS.values()])[0]
        found.append(Wish(len(found), at, chance.randrange(CUSTOMERS), kind, item, quantity, mark, temper))

    def drawn(offered: dict[int, int]) -> int:
        fit = {item: often for item, often in offered.items() if not (size.short and item in SLOW)}
        return chance.choices([*fit], [*fit.values()])[0]

    for number in range(size.orders):
        at = chance.uniform(0.5, size.seconds)
        if chance.random() < PRODUCT_SHARE:
            wish("order", drawn(PRODUCTS), chance.randint(1, 3), "", at)
        else:
            wish(
                "order", drawn(SMM), chance.randint(1, MOST_TIMES), f"https://instagram.com/p/storm-{seed}-{number}", at
            )
    free = chance.sample(projects, len(projects))
    wanted = size.numbers
    while wanted > 0:
        if not free:
            raise ValueError(f"{size.numbers} numbers need more projects than the {len(projects)} there are")
        quantity = min(chance.randint(1, 4), wanted)
        project = free.pop()
        wish("numbers", project, quantity, project, chance.uniform(0.5, size.seconds))
        wanted -= quantity
    return sorted(found, key=lambda one: one.at)
