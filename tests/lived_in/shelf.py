"""What stands on the shelf besides the vendor's usual: awkward names, an empty stock, measured speeds, changes."""

from datetime import datetime
from decimal import Decimal

from accounts.models import User
from catalog import changes, favourites
from catalog.models import Category, Service, ShelfChange, Speed, StockLook, Subcategory

LONG = (
    "Instagram Followers [Real & Active, HQ Profiles with Stories] [Max 500K] [Speed: up to 50K a day] "
    "[Instant Start] [Lifetime Refill ♻️] [No Drop Guarantee] [Cancel Button] [Worldwide + Premium Countries]"
)
UNBROKEN = "t.me/" + "VeryLongChannelNameWithoutAnySpace" * 5
RIGHT_TO_LEFT = "متابعين انستقرام حقيقيين (جودة عالية) – Instagram Followers [Arab 🇸🇦]"
PLACES = ["Threads", "Pinterest", "Twitch", "Snapchat", "Bluesky", "SoundCloud", "Quora", "Kick", "Vimeo", "Deezer"]
HOSTILE = "<script>alert('x')</script>"


def service(number: int, name: str, *, category: str = "Instagram", now: datetime, **fields: object) -> Service:
    """One service beside the vendor's."""
    kept = Category.objects.filter(name=category).first() or Category.objects.create(name=category)
    part = Subcategory.objects.get_or_create(category=kept, name="Followers")[0]
    figures: dict[str, object] = {
        "rate": Decimal("0.52"),
        "price": Decimal("0.94"),
        "unit": 1000,
        "min": 100,
        "max": 500_000,
        "entity": "SMM",
    }
    return Service.objects.create(
        upstream_id=900_000 + number,
        name=name,
        category=kept,
        subcategory=part,
        search_text=f"{name} {category}".casefold(),
        first_seen_at=now,
        changed_at=now,
        **(figures | fields),
    )


def stock_up(number: int, now: datetime) -> None:
    """One more service; the first ten are the first of their categories."""
    place = PLACES[number % len(PLACES)]
    what = ["Followers", "Likes", "Comments"][number % 3]
    service(100 + number, f"{place} {what} {number} | Real | 30 Days Refill", category=place, now=now)


def odd(now: datetime) -> dict[str, Service]:
    """Services that are hard to show."""
    product: dict[str, object] = {
        "entity": "PRODUCT",
        "unit": 1,
        "min": 1,
        "max": 20,
        "rate": 1,
        "price": Decimal("1.4"),
    }
    return {
        "LONG": service(1, LONG, now=now, refill=True, cancel=True),
        "UNBROKEN": service(2, UNBROKEN, now=now),
        "RTL": service(3, RIGHT_TO_LEFT, now=now, price=Decimal("0.0027"), rate=Decimal("0.0011")),
        "HOSTILE": service(4, f"Views {HOSTILE}", category=f"Odd {HOSTILE}", now=now),
        "EMPTY": service(5, "Mailbox, aged 2 years", category="Accounts", now=now, stock=0, **product),
        "GONE": service(6, "Likes of last year", now=now, state=Service.State.WITHDRAWN, withdrawn_at=now),
    }


def look_alive(services: list[Service], now: datetime) -> None:
    """How long these take, and when their stock was last seen."""
    for number, each in enumerate(services):
        Speed.objects.get_or_create(
            service=each,
            defaults={
                "orders": 40 + number,
                "start_median": 40 + 90 * number,
                "start_p90": 400 + 100 * number,
                "done_median": 1800 + 700 * number,
                "done_p90": 9000 + 900 * number,
                "counted_at": now,
            },
        )
        StockLook.objects.get_or_create(service=each, defaults={"asked_at": now, "told_at": now})


def changed(each: Service, number: int, at: datetime) -> None:
    """Something that customers may hear of it."""
    if number % 4 == 3:
        changes.note(services=[each], kind=[ShelfChange.Kind.NEW, ShelfChange.Kind.BACK][number % 8 // 4], now=at)
    else:
        factor = Decimal("0.9") if number % 2 else Decimal("1.15")
        changes.note_prices(moved=[(each, (each.price * factor).quantize(Decimal("0.0001")), each.price)], now=at)


def keep(customer: User, each: Service) -> None:
    """Make it a favourite, unless it is one."""
    if each.pk not in favourites.kept(customer, [each.pk]):
        favourites.toggle(customer=customer, service_id=each.pk)
