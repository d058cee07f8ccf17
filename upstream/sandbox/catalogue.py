"""The vendor's services, made from a seed: the same seed gives the same rows, however many are asked for.

The first rows are written by hand, so that a demo or a test finds each behaviour and each oddity of the
live catalogue (a category that `categories` does not list, HTML in a name, three scripts in one name).
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

# Categories that rows carry and `categories` does not list (docs/upstream.md, ruling 1).
UNLISTED = frozenset({"Accounts-Email", "Reddit-Services"})


@dataclass(slots=True, kw_only=True)
class Service:
    """A row of the catalogue. `rate` is USD for 1,000 units of smm or for one product."""

    id: int
    name: str
    category: str
    subcategory: str
    rate: Decimal
    min: int
    max: int
    stock: int
    entity: str = "smm"
    auto: bool = True
    refill: bool = False
    cancel: bool = False
    type: str = "Default"
    description: str = ""
    domain: str = ""  # of the accounts that a product delivers
    behaviour: str = "complete"  # what its orders do; "mixed": drawn for each order
    gone: bool = False


class Smm(NamedTuple):
    """A kind of social-media service; `rate` in 1/100,000 USD for 1,000 units."""

    category: str
    subcategory: str
    noun: str
    rate: int
    min: int
    max: int


class Product(NamedTuple):
    """A kind of product; `rate` in 1/100,000 USD for one."""

    category: str
    subcategory: str
    title: str
    rate: int
    max: int
    domain: str


SMM = (
    Smm("Instagram", "Followers", "Instagram Followers", 90_000, 100, 100_000),
    Smm("Instagram", "Likes", "Instagram Likes", 12_000, 50, 200_000),
    Smm("Instagram", "Comments", "Instagram Comments", 350_000, 10, 5_000),
    Smm("Instagram", "Views", "Instagram Reel Views", 1_200, 100, 10_000_000),
    Smm("Instagram", "", "Instagram Profile Visits", 9_000, 100, 500_000),
    Smm("TikTok", "Followers", "TikTok Followers", 160_000, 100, 50_000),
    Smm("TikTok", "Likes", "TikTok Likes", 30_000, 50, 100_000),
    Smm("TikTok", "Views", "TikTok Views", 350, 100, 100_000_000),
    Smm("TikTok", "Live", "TikTok Live Viewers, 30 minutes", 1_800_000, 50, 3_000),
    Smm("YouTube", "Subscribers", "YouTube Subscribers", 1_450_000, 50, 20_000),
    Smm("YouTube", "Views", "YouTube Views", 120_000, 500, 1_000_000),
    Smm("YouTube", "Watch Time", "YouTube Watch Hours", 2_600_000, 100, 4_000),
    Smm("YouTube", "Likes", "YouTube Likes", 80_000, 20, 50_000),
    Smm("Telegram", "Members", "Telegram Members", 70_000, 100, 200_000),
    Smm("Telegram", "Post Views", "Telegram Post Views", 900, 50, 1_000_000),
    Smm("Telegram", "Reactions", "Telegram Reactions", 11_000, 10, 100_000),
    Smm("Facebook", "Page Likes", "Facebook Page Likes + Followers", 140_000, 100, 50_000),
    Smm("Facebook", "Video Views", "Facebook Video Views", 9_000, 500, 5_000_000),
    Smm("Facebook", "Post Likes", "Facebook Post Likes", 42_000, 50, 20_000),
    Smm("X (Twitter)", "Followers", "X (Twitter) Followers", 310_000, 100, 20_000),
    Smm("X (Twitter)", "Retweets", "X (Twitter) Retweets", 450_000, 20, 5_000),
    Smm("X (Twitter)", "Impressions", "X (Twitter) Impressions", 2_100, 100, 10_000_000),
    Smm("Spotify", "Plays", "Spotify Plays", 26_000, 1_000, 1_000_000),
    Smm("Spotify", "Followers", "Spotify Artist Followers", 65_000, 100, 50_000),
    Smm("LinkedIn", "Followers", "LinkedIn Company Followers", 950_000, 50, 10_000),
    Smm("Discord", "Members", "Discord Server Members", 520_000, 50, 10_000),
    Smm("Website Traffic", "Search", "Website Traffic from Google", 14_500, 500, 1_000_000),
    Smm("Website Traffic", "Direct", "Direct Website Traffic", 8_300, 500, 1_000_000),
)
PRODUCTS = (
    Product("Email Accounts", "Gmail", "Gmail Account", 95_000, 50, "gmail.com"),
    Product("Email Accounts", "Outlook", "Outlook Account", 4_500, 500, "outlook.com"),
    Product("Email Accounts", "Yahoo", "Yahoo Mail Account", 9_900, 200, "yahoo.com"),
    Product("Email Accounts", "GMX", "GMX Mail Account", 7_250, 200, "gmx.net"),
    Product("Social Accounts", "Facebook", "Facebook Account", 180_000, 100, "mail.example"),
    Product("Social Accounts", "Instagram", "Instagram Account", 65_000, 200, "mail.example"),
    Product("Social Accounts", "Twitter", "X (Twitter) Account", 42_500, 200, "mail.example"),
    Product("Social Accounts", "Reddit", "Reddit Account", 310_000, 20, ""),
    Product("Gift Cards", "Steam", "Steam Wallet Code", 1_050_000, 10, ""),
    Product("Gift Cards", "Google Play", "Google Play Code", 1_020_000, 10, ""),
    Product("VPN & Proxy", "VPN", "NordVPN Premium Account", 210_000, 30, "mail.example"),
    Product("VPN & Proxy", "Residential Proxy", "Residential Proxy, 1 GB", 175_000, 100, ""),
    Product("Software Keys", "Windows", "Windows 11 Pro Key", 880_000, 25, ""),
    Product("Software Keys", "Office", "Office 2021 Pro Plus Key", 1_490_000, 25, ""),
    Product("Gaming Accounts", "Steam", "Steam Account with games", 460_000, 20, "mail.example"),
    Product("Gaming Accounts", "Minecraft", "Minecraft Java Account", 730_000, 20, "mail.example"),
)
GRADES = ("HQ", "Real", "Mixed", "Premium", "Non Drop", "Old Accounts", "Bot", "Targeted", "Cheapest")
REGIONS = ("Worldwide", "USA", "Brazil", "India", "Arab", "Turkey", "Europe", "Indonesia", "Korea")
REFILLS = ("No Refill", "No Refill", "30 Days Refill", "60 Days Refill", "365 Days Refill", "Lifetime Refill")
TRAITS = (
    "recovery mail",
    "phone verified",
    "2FA secret included",
    "IMAP enabled",
    "registered by hand",
    "cookies included",
    "warranty 24 hours",
)
SPEEDS = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
BEHAVIOURS = ("complete", "mixed", "partial", "cancel", "slow", "fail")
BEHAVIOUR_WEIGHTS = (80, 9, 4, 3, 3, 1)
DECIMAL_PLACES = (2, 2, 2, 3, 4, 5)


def build(count: int, seed: int) -> list[Service]:
    """The first `count` services of the seed's catalogue, numbered from 1."""
    if count < 1:
        raise ValueError("The catalogue needs at least one service.")
    services = list(_by_hand())[:count]
    rng = random.Random(f"{seed}:catalogue")
    kinds: list[Smm | Product] = [*SMM, *PRODUCTS]
    rng.shuffle(kinds)
    for number in range(len(services) + 1, count + 1):
        kind = kinds[number % len(kinds)]
        services.append(_smm(number, kind, rng) if isinstance(kind, Smm) else _product(number, kind, rng))
    return services


def _smm(number: int, kind: Smm, rng: random.Random) -> Service:
    refill = rng.choice(REFILLS)
    maximum = kind.max * rng.choice((1, 1, 2, 5)) // rng.choice((1, 1, 2))
    grade, region, speed = rng.choice(GRADES), rng.choice(REGIONS), rng.choice(SPEEDS)
    return Service(
        id=number,
        name=f"{kind.noun} | {grade}, {region} | Max {_short(maximum)} | {refill} | Speed {_short(speed)}/Day",
        category=kind.category,
        subcategory=kind.subcategory,
        rate=_rate(kind.rate, rng),
        min=kind.min,
        max=maximum,
        stock=maximum * rng.randint(3, 40),
        refill=refill != "No Refill",
        cancel=rng.random() < 0.4,
        description=f"Starts within an hour. {grade} accounts, {region}. The link must be public.",
        behaviour=rng.choices(BEHAVIOURS, BEHAVIOUR_WEIGHTS)[0],
    )


def _product(number: int, kind: Product, rng: random.Random) -> Service:
    region, trait, year = rng.choice(REGIONS), rng.choice(TRAITS), rng.randint(2012, 2025)
    sold_out = rng.random() < 0.04
    return Service(
        id=number,
        name=f"{kind.title} - {region}, aged {year}, {trait}" if kind.domain else f"{kind.title} - {region}",
        category=kind.category,
        subcategory=kind.subcategory,
        rate=_rate(kind.rate, rng),
        min=1,
        max=kind.max,
        stock=0 if sold_out else rng.randint(1, kind.max * 12),
        entity="product",
        auto=rng.random() < 0.6,
        description=f"Format: login:password|recovery. {trait.capitalize()}. Change the password at once.",
        domain=kind.domain,
        behaviour=rng.choices(BEHAVIOURS, BEHAVIOUR_WEIGHTS)[0],
    )


def _rate(base: int, rng: random.Random) -> Decimal:
    """A rate around `base` (1/100,000 USD), with two to five decimals and never 0."""
    amount = max(1, base * rng.randint(40, 260) // 100)
    places = rng.choice(DECIMAL_PLACES)
    while amount < 10 ** (5 - places):
        places += 1
    return Decimal(amount // 10 ** (5 - places)).scaleb(-places)


def _short(number: int) -> str:
    if number >= 1_000_000 and number % 100_000 == 0:
        return f"{number / 1_000_000:g}M"
    return f"{number // 1_000}K" if number >= 1_000 else str(number)


def _by_hand() -> Iterator[Service]:
    yield Service(
        id=1,
        name="Instagram Followers | Max 10K | 30 Days Refill | Speed 10K/Day",
        category="Instagram",
        subcategory="Followers",
        rate=Decimal("0.50"),
        min=100,
        max=10_000,
        stock=1_000_000,
        refill=True,
        description="Starts at once. The profile must be public.",
    )
    yield Service(
        id=2,
        name="Gmail Account - USA, aged 2019, recovery mail",
        category="Accounts-Email",
        subcategory="Gmail",
        rate=Decimal("25.00"),
        min=1,
        max=50,
        stock=5_000,
        entity="product",
        domain="gmail.com",
        description="Format: login:password|recovery.",
    )
    yield Service(
        id=3,
        name="Instagram Likes | Real | Max 50K | No Refill | Speed 20K/Day",
        category="Instagram",
        subcategory="Likes",
        rate=Decimal("0.1275"),
        min=50,
        max=50_000,
        stock=2_000_000,
        cancel=True,
        behaviour="partial",
    )
    yield Service(
        id=4,
        name="TikTok Views | Max 10M | Speed 1M/Day",
        category="TikTok",
        subcategory="Views",
        rate=Decimal("0.0035"),
        min=100,
        max=10_000_000,
        stock=500_000_000,
        cancel=True,
        behaviour="cancel",
    )
    yield Service(
        id=5,
        name="YouTube Watch Hours | Max 4K | Lifetime Refill | Speed 500/Day",
        category="YouTube",
        subcategory="Watch Time",
        rate=Decimal("26.40"),
        min=100,
        max=4_000,
        stock=400_000,
        refill=True,
        behaviour="slow",
    )
    yield Service(
        id=6,
        name="Telegram Members | Targeted, Arab | Max 20K | No Refill",
        category="Telegram",
        subcategory="Members",
        rate=Decimal("1.015"),
        min=100,
        max=20_000,
        stock=900_000,
        behaviour="fail",
    )
    yield Service(
        id=7,
        name="Outlook Account - Worldwide, aged 2021, IMAP enabled",
        category="Email Accounts",
        subcategory="Outlook",
        rate=Decimal("0.045"),
        min=1,
        max=500,
        stock=20_000,
        entity="product",
        domain="outlook.com",
        description="Delivered at once. Format: login:password|recovery.",
    )
    yield Service(
        id=8,
        name="Facebook Account - Europe, aged 2016, 2FA secret included",
        category="Social Accounts",
        subcategory="Facebook",
        rate=Decimal("1.80"),
        min=1,
        max=100,
        stock=2_400,
        entity="product",
        auto=False,
        domain="mail.example",
        description="Checked and delivered by hand within some minutes.",
    )
    yield Service(
        id=9,
        name="Steam Wallet Code - USA, 10 USD",
        category="Gift Cards",
        subcategory="Steam",
        rate=Decimal("10.4999"),
        min=1,
        max=10,
        stock=300,
        entity="product",
        behaviour="partial",
    )
    yield Service(
        id=10,
        name="Reddit Account - 1,000 karma, aged 2018",
        category="Social Accounts",
        subcategory="Reddit",
        rate=Decimal("3.10"),
        min=1,
        max=20,
        stock=400,
        entity="product",
        auto=False,
        behaviour="partial",
    )
    yield Service(
        id=11,
        name="NordVPN Premium Account - Worldwide, warranty 24 hours",
        category="VPN & Proxy",
        subcategory="VPN",
        rate=Decimal("2.10"),
        min=1,
        max=30,
        stock=600,
        entity="product",
        auto=False,
        domain="mail.example",
        behaviour="cancel",
    )
    yield Service(
        id=12,
        name="Residential Proxy, 1 GB - Worldwide",
        category="VPN & Proxy",
        subcategory="Residential Proxy",
        rate=Decimal("1.75"),
        min=1,
        max=100,
        stock=1_500,
        entity="product",
        auto=False,
        behaviour="slow",
    )
    yield Service(
        id=13,
        name="Windows 11 Pro Key - Worldwide",
        category="Software Keys",
        subcategory="Windows",
        rate=Decimal("8.80"),
        min=1,
        max=25,
        stock=250,
        entity="product",
        behaviour="fail",
    )
    yield Service(
        id=14,
        name='<b>HOT</b> X (Twitter) Followers & "Likes" <img src=x onerror=alert(1)>',
        category="X (Twitter)",
        subcategory="Followers",
        rate=Decimal("3.1416"),
        min=100,
        max=20_000,
        stock=300_000,
        description="<p>Real &amp; active.<br>Do <i>not</i> order twice.</p>",
    )
    yield Service(
        id=15,
        name="抖音 TikTok 粉丝 | متابعين تيك توك حقيقيين | 30天补充 | 10K/天",
        category="TikTok",
        subcategory="Followers",
        rate=Decimal("1.62"),
        min=100,
        max=50_000,
        stock=700_000,
        refill=True,
        description="真实用户，速度稳定。",
    )
    yield Service(
        id=16,
        name="Yahoo Mail Account - USA, phone verified",
        category="Email Accounts",
        subcategory="Yahoo",
        rate=Decimal("0.10"),
        min=1,
        max=200,
        stock=0,
        entity="product",
        domain="yahoo.com",
    )
    yield Service(
        id=17,
        name="Direct Website Traffic | Worldwide | Max 1M",
        category="Website Traffic",
        subcategory="Direct",
        rate=Decimal("0.00123"),
        min=500,
        max=1_000_000,
        stock=80_000_000,
    )
    yield Service(
        id=18,
        name="Reddit Post Upvotes | Real | Max 1K | Speed 500/Day",
        category="Reddit-Services",
        subcategory="",
        rate=Decimal("14.9"),
        min=10,
        max=1_000,
        stock=50_000,
    )
    yield Service(
        id=19,
        name="Spotify Plays | Premium | Max 1M | Lifetime Refill | Speed 5K/Day",
        category="Spotify",
        subcategory="Plays",
        rate=Decimal("0.26"),
        min=1_000,
        max=1_000_000,
        stock=30_000_000,
        refill=True,
        behaviour="mixed",
    )
    yield Service(
        id=20,
        name="Minecraft Java Account - full access",
        category="Gaming Accounts",
        subcategory="Minecraft",
        rate=Decimal("7.30"),
        min=1,
        max=20,
        stock=3,
        entity="product",
        domain="mail.example",
    )
