"""Fixtures around a vendor whose clock stands still: time passes when the test says so."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import models

from upstream.sandbox.server import Sandbox


@pytest.fixture
def sandbox(settings, broker):
    """The vendor at a standstill, with a small catalogue."""
    with Sandbox(key="test-key", speed=0, services=40) as vendor:
        settings.UPSTREAM_URL = vendor.url
        settings.UPSTREAM_KEY = "test-key"
        yield vendor


_COPIES: dict[str, list[list[Any]]] = {}


def copied(name: str, sync: Callable[[], object], *kinds: type[models.Model]) -> None:
    """Have what `sync` brings, as rows of `kinds`: fetched once in a process, and from then on written as it was.

    Every `sandbox` above sells the same catalogue, so fetching it anew for each test would prove nothing more.
    """
    if name not in _COPIES:
        sync()
        _COPIES[name] = [list(kind._default_manager.order_by("pk")) for kind in kinds]
        return
    for kind, rows in zip(kinds, _COPIES[name], strict=True):
        kind._default_manager.bulk_create(rows)
