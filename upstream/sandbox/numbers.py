"""Phone numbers for codes: the seeded countries and projects, and one number's life as a function of time.

The oddities of the live service are kept (docs/upstream.md, ruling 7): some countries go by their dial
code, some titles are in lower case, some phones are bare national numbers, some numbers never say when
they expire.
"""

import hashlib
import random
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from upstream.sandbox.books import ZERO
from upstream.sandbox.orders import check_numbers

SMS_BEHAVIOURS = ("code", "two", "expire", "cancel")
LIFETIME = 300.0  # seconds that a number waits for its code
MOST_NUMBERS = 10  # in one purchase


class Country(NamedTuple):
    """`code` is what `sms_countries` says, `id` what projects carry and what filters."""

    code: str
    id: str
    name: str
    title: str
    dial: str
    prefixes: tuple[str, ...]
    digits: int  # that follow the prefix
    bare: bool = False  # phones come without "+" and dial code


COUNTRIES = (
    Country("us", "us", "United States", "United States", "1", ("202555", "305555", "415555"), 4),
    Country("gb", "gb", "United Kingdom", "United Kingdom", "44", ("7700900", "7700901"), 3),
    Country("+93", "af", "Afghanistan", "Afghanistan", "93", ("70", "79"), 7, True),
    Country("de", "de", "Germany", "germany", "49", ("1512", "1602"), 7),
    Country("fr", "fr", "France", "france", "33", ("6",), 8),
    Country("nl", "nl", "Netherlands", "netherlands", "31", ("6",), 8),
    Country("es", "es", "Spain", "Spain", "34", ("6",), 8),
    Country("it", "it", "Italy", "Italy", "39", ("347", "328"), 7),
    Country("pl", "pl", "Poland", "Poland", "48", ("51", "60"), 7),
    Country("se", "se", "Sweden", "sweden", "46", ("70", "73"), 7),
    Country("ua", "ua", "Ukraine", "Ukraine", "380", ("67", "50"), 7),
    Country("br", "br", "Brazil", "Brazil", "55", ("119", "219"), 8),
    Country("mx", "mx", "Mexico", "Mexico", "52", ("55",), 8),
    Country("in", "in", "India", "india", "91", ("98", "99"), 8, True),
    Country("id", "id", "Indonesia", "Indonesia", "62", ("812", "813"), 8),
    Country("+84", "vn", "Vietnam", "vietnam", "84", ("90", "91"), 7, True),
    Country("ph", "ph", "Philippines", "Philippines", "63", ("917", "918"), 7),
    Country("+254", "ke", "Kenya", "Kenya", "254", ("712", "722"), 6, True),
    Country("ng", "ng", "Nigeria", "Nigeria", "234", ("803", "805"), 7),
    Country("kr", "kr", "South Korea", "South Korea", "82", ("10",), 8),
)
# Names, and what they cost around, in 1/10,000 USD.
PROJECTS = {
    "OpenAI / ChatGPT": 5_000,
    "Telegram": 9_500,
    "WhatsApp": 7_000,
    "Google / Gmail / YouTube": 4_200,
    "Instagram": 2_100,
    "Facebook": 2_300,
    "TikTok": 2_650,
    "Discord": 1_800,
    "X (Twitter)": 1_550,
    "Amazon": 2_000,
    "Uber": 1_700,
    "Tinder": 6_150,
    "Microsoft": 1_250,
    "Steam": 1_900,
    "Netflix": 1_400,
    "PayPal": 8_800,
    "Apple": 3_300,
    "LinkedIn": 2_750,
    "Snapchat": 1_950,
    "Any other": 1_125,
}
# In the first country each behaviour has its known place; elsewhere the seed decides.
KNOWN = {"Telegram": "two", "WhatsApp": "expire", "Tinder": "cancel", "Any other": "mixed"}
FEWER = {"Netflix": 2, "PayPal": 0}
WITHOUT_EXPIRY = "Steam"


@dataclass(slots=True, kw_only=True)
class Project:
    """What a code is wanted for, in one country. `price` is USD for one number."""

    id: str
    name: str
    country: Country
    price: Decimal
    behaviour: str
    most: int  # numbers that one purchase can get
    says_expiry: bool


@dataclass(slots=True, kw_only=True)
class SmsPlan:
    """What the next numbers shall do. Whatever is None is drawn as usual. Times in seconds."""

    behaviour: str = "code"
    project: str | None = None
    give: int | None = None
    seconds: float | None = None  # until the first code, or until the vendor cancels
    second: float | None = None  # from the first code to the second
    lifetime: float | None = None
    code: str | None = None
    content: str | None = None
    times: int | None = None  # purchases, not numbers

    def __post_init__(self) -> None:
        if self.behaviour not in SMS_BEHAVIOURS:
            raise ValueError(f"The behaviour must be one of: {', '.join(SMS_BEHAVIOURS)}.")
        check_numbers(self, whole=("give",), seconds=("seconds", "second", "lifetime"))
        check_numbers(self, whole=("times",), low=1)


class Message(NamedTuple):
    """A text that arrives at a moment of the vendor's time."""

    at: float
    code: str
    content: str


@dataclass(slots=True, kw_only=True)
class Number:
    """A rented number. Moments are seconds of the vendor's time, money is exact USD."""

    id: int
    project: Project
    phone: str
    price: Decimal
    bought: float
    expires: float
    canceled: float | None
    messages: tuple[Message, ...]
    paid_back: Decimal = ZERO

    @property
    def ends(self) -> float:
        """When nothing more happens to it."""
        return self.expires if self.canceled is None else self.canceled

    @property
    def earns(self) -> bool:
        """Whether a code arrives in time, so that the money stays with the vendor."""
        return bool(self.messages) and self.messages[0].at <= self.ends

    def latest(self, now: float) -> Message | None:
        """The newest message that has arrived."""
        arrived = [message for message in self.messages if message.at <= min(now, self.ends)]
        return arrived[-1] if arrived else None

    def status(self, now: float) -> str:
        """The vendor's word for its state."""
        if self.latest(now):
            return "completed" if now >= self.ends else "code_received"
        if now < self.ends:
            return "active"
        return "expired" if self.canceled is None else "canceled"


def build_projects(seed: int) -> list[Project]:
    """Every project of every country; a name has another id and another price in each."""
    projects = []
    for country in COUNTRIES:
        first = country is COUNTRIES[0]
        for name, base in PROJECTS.items():
            rng = random.Random(f"{seed}:project:{country.id}:{name}")
            if not first and rng.random() < 0.25:
                continue
            digest = hashlib.sha256(f"{seed}:{country.id}:{name}".encode()).hexdigest()
            drawn = rng.choices(("code", "two", "mixed", "expire", "cancel"), (80, 8, 6, 4, 2))[0]
            fewer = rng.choices((MOST_NUMBERS, 4, 1), (85, 10, 5))[0]
            projects.append(
                Project(
                    id="65f" + digest[:21],
                    name=name,
                    country=country,
                    price=Decimal(max(1, base * rng.randint(50, 200) // 100)).scaleb(-4),
                    behaviour=KNOWN.get(name, "code") if first else drawn,
                    most=FEWER.get(name, MOST_NUMBERS) if first else fewer,
                    says_expiry=name != WITHOUT_EXPIRY,
                )
            )
    return projects


def open_number(
    *,
    number_id: int,
    project: Project,
    phone: str,
    now: float,
    seed: int,
    plan: SmsPlan | None,
) -> Number:
    """Settle the whole life of a new number."""
    rng = random.Random(f"{seed}:number:{number_id}")
    behaviour = plan.behaviour if plan else project.behaviour
    if behaviour == "mixed":
        behaviour = rng.choices(SMS_BEHAVIOURS, weights=(80, 8, 8, 4))[0]
    first, second, lifetime = rng.uniform(4, 20), rng.uniform(10, 25), LIFETIME
    canceled_after = rng.uniform(15, 40)
    if plan:
        first = canceled_after = plan.seconds if plan.seconds is not None else first
        second = plan.second if plan.second is not None else second
        lifetime = plan.lifetime if plan.lifetime is not None else lifetime
    messages: list[Message] = []
    for position in range({"code": 1, "two": 2}.get(behaviour, 0)):
        code = str(rng.randint(10_000, 999_999))
        content = rng.choice(
            (
                f"Your {project.name} code is {code}",
                f"{code} is your {project.name} verification code. Don't share it.",
                f"<#> {project.name}: {code}\nIt expires in 10 minutes & works once.",
            )
        )
        if plan and plan.code is not None and position == 0:
            code, content = plan.code, f"Your verification code is {plan.code}"
        if plan and plan.content is not None and position == 0:
            content = plan.content
        messages.append(Message(now + first + position * second, code, content))
    return Number(
        id=number_id,
        project=project,
        phone=phone,
        price=project.price,
        bought=now,
        expires=now + lifetime,
        canceled=now + min(canceled_after, lifetime) if behaviour == "cancel" else None,
        messages=tuple(messages),
    )


def draw_phone(country: Country, rng: random.Random) -> str:
    """A number as that country's numbers are printed by the vendor."""
    national = rng.choice(country.prefixes) + "".join(rng.choices("0123456789", k=country.digits))
    return national if country.bare else f"+{country.dial}{national}"
