"""What every bench stands on: servers of its own, a database with the shop's tables, a vendor, a folder for logs."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upstream.sandbox.server import Sandbox

KEY = "test-key"


@contextlib.contextmanager
def stage(
    *, name: str, database: str, settings_module: str = "tests.settings", services: int = 40, speed: float = 1.0
) -> Iterator["tuple[Sandbox, Path]"]:
    """The vendor and the folder, with Django set up; all of it is gone afterwards. `database`: sqlite or postgres."""
    os.environ["DJANGO_SETTINGS_MODULE"] = settings_module
    os.environ["TEST_DATABASE"] = database
    import django

    django.setup()
    from django.conf import settings

    from tests import servers, template
    from upstream.sandbox.server import Sandbox

    started = servers.Servers(settings.TEST_HOME)
    home = Path(tempfile.mkdtemp(prefix=f"bench-{name}-"))
    try:
        started.valkey()
        if database == "postgres":
            started.postgres()
        template.fill(settings.TEST_HOME, settings.DATABASES["default"])
        with Sandbox(key=KEY, services=services, speed=speed, balance=Decimal(10_000_000)) as vendor:
            settings.UPSTREAM_URL, settings.UPSTREAM_KEY = vendor.url, KEY
            yield vendor, home
    finally:
        started.stop()
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(settings.TEST_HOME, ignore_errors=True)
