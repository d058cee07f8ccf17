"""A vendor whose minutes are seconds, and a shop with its catalogue."""

import pytest

from catalog.sync import sync_catalog
from sms.sync import sync_sms
from upstream.sandbox.server import Sandbox


@pytest.fixture
def sandbox(settings, broker):
    """Time runs fast, so that a journey sees an order through."""
    with Sandbox(key="test-key", speed=20, services=120) as vendor:
        settings.UPSTREAM_URL = vendor.url
        settings.UPSTREAM_KEY = "test-key"
        yield vendor


@pytest.fixture
def stocked(shop):
    """The shop, its catalogue and its numbers there. Synchronised from here: two processes would take longer."""
    assert sync_catalog().added == 120
    assert sync_sms().added > 10
    return shop


@pytest.fixture
def page(page):
    """A page that fails the journey when the browser complains."""
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_timeout(20_000)
    yield page
    # A form that is refused answers 422, which Chromium reports as a failed load.
    assert [text for text in complaints if "422" not in text] == []
