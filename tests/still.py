"""Fixtures around a vendor whose clock stands still: time passes when the test says so."""

import pytest

from upstream.sandbox.server import Sandbox


@pytest.fixture
def sandbox(settings, broker):
    """The vendor at a standstill, with a small catalogue."""
    with Sandbox(key="test-key", speed=0, services=40) as vendor:
        settings.UPSTREAM_URL = vendor.url
        settings.UPSTREAM_KEY = "test-key"
        yield vendor
