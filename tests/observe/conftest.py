"""Log lines as programs read them, and metrics that begin at nothing."""

import json
import logging

import pytest

from core import metrics, metrics_store
from core.logs import JsonLine


@pytest.fixture
def lines():
    """What is logged from now on, each line decoded, in order; the formatter runs where the line is written."""

    class Kept(logging.Handler):
        def emit(self, record):
            found.append(json.loads(self.format(record)))

    found: list[dict[str, object]] = []
    handler = Kept()
    handler.setFormatter(JsonLine())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield found
    root.setLevel(level)
    root.removeHandler(handler)


@pytest.fixture
def counted(broker):
    """`counted(name)`: what all processes counted since the test began, as {labels: (value, buckets)}."""
    metrics.hand_over()
    broker.delete(metrics_store.KEY)

    def told(name):
        metrics.hand_over()
        return {each.labels: (each.value, each.buckets) for each in metrics.sums()[name]}

    return told
