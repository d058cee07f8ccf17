"""The shop that is photographed: its own database, vendor and web server; nothing moves while one looks."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from catalog.models import Service
from catalog.sync import sync_catalog
from sms.sync import sync_sms
from tests import servers, template
from tests.house import House
from tests.lived_in import LivedIn, fittings
from upstream.sandbox.server import Sandbox

ROWS = 40
BIG = 100_000


@dataclass(frozen=True)
class Opened:
    """A running shop and what is in it."""

    url: str
    shop: LivedIn


@contextlib.contextmanager
def opened(*, big: bool = False) -> Iterator[Opened]:
    """Open it, and clear everything away afterwards."""
    home = settings.TEST_HOME
    provided = servers.Servers(home)
    house = None
    try:
        provided.valkey()
        template.fill(settings.TEST_HOME, settings.DATABASES["default"])
        call_command("createcachetable", verbosity=0)
        with Sandbox(key="test-key", speed=0, services=400) as vendor:
            settings.UPSTREAM_URL, settings.UPSTREAM_KEY = vendor.url, "test-key"
            sync_catalog()
            sync_sms()
            fittings.fit(settings)
            shop = LivedIn(now=timezone.now(), step=timedelta(minutes=13)).open()
            shop.more(ROWS)
            if big:
                _fill_shelf(shop)
            house = House(home=home, upstream_url=vendor.url, upstream_key="test-key", environment=fittings.ENVIRONMENT)
            house.serve()
            yield Opened(house.url, shop)
    finally:
        if house:
            house.stop()
        provided.stop()
        shutil.rmtree(home, ignore_errors=True)


def _fill_shelf(shop: LivedIn) -> None:
    """So many services as the largest vendors have, made of those that are there."""
    known = [each for each in shop.usual if each.subcategory_id]
    fields = [
        field.attname for field in Service._meta.concrete_fields if field.attname not in ("id", "upstream_id", "name")
    ]
    rows: list[Any] = []
    for number in range(BIG - Service.objects.count()):
        like = known[number % len(known)]
        given = {name: getattr(like, name) for name in fields}
        rows.append(Service(upstream_id=5_000_000 + number, name=f"{like.name} · {number}", **given))
    Service.objects.bulk_create(rows, batch_size=2000)
