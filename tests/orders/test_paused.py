"""A purchases' gate that nobody tries, since nothing waits, is no reason to wake an operator."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from core.models import Alert
from orders import states, submit
from orders.models import Order
from upstream import pace, probe
from upstream.pace import current_pace

pytestmark = pytest.mark.django_db


def test_a_gate_that_only_waits_to_be_tried_is_not_alerted(sandbox, placed, monkeypatch, settings):
    monkeypatch.setattr(pace, "FIRST_REST", 0.2)
    settings.UPSTREAM_PAUSE_ALERT_MINUTES = 5
    sandbox.fault("lost_after", action="add", times=5)
    for _ in range(5):
        submit.submit(order_id=placed(1).pk)
    assert not Order.objects.filter(state=states.PLACED).exists()
    time.sleep(0.3)
    probe.probe(now=timezone.now() + timedelta(minutes=6))
    assert current_pace().weather().state == "half-open"
    assert not Alert.objects.filter(key=probe.PAUSED, resolved_at=None).exists()
