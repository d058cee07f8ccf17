"""New alerts are posted to the hook by a sweep, tried again while it fails, and hold nobody up."""

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import transaction
from django.utils import timezone

from core import hook
from core.alerts import alert
from core.models import Alert
from core.tasks import tell_hook

pytestmark = pytest.mark.django_db


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def server(settings):
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hook) as listening:
        listening.daemon_threads = True
        listening.got, listening.status = [], 200
        threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
        settings.ALERT_HOOK_URL = f"http://127.0.0.1:{listening.server_port}/token-1234"
        settings.SHOP_NAME = "The shop"
        yield listening
        listening.shutdown()


def test_a_new_alert_is_posted_once_with_everything_in_it(server, now):
    alert(key="k", subject="Something", detail="<b>x</b>", severity="CRITICAL", now=now)
    assert server.got == []  # raising it posts nothing
    tell_hook()
    alert(key="k", subject="Something", now=now)  # counted again: no news
    tell_hook()
    assert server.got == [
        {
            "key": "k",
            "severity": "CRITICAL",
            "subject": "Something",
            "detail": "<b>x</b>",
            "at": now.isoformat(),
            "shop": "The shop",
        }
    ]
    assert Alert.objects.get().hook_sent_at is not None


def test_without_a_hook_nothing_is_due(now, settings):
    settings.ALERT_HOOK_URL = ""
    alert(key="k", subject="Something", now=now)
    assert Alert.objects.get().hook_due_at is None
    assert hook.tell_due(now=now) == 0


def test_an_alert_that_is_rolled_back_is_never_posted(server, now):
    with transaction.atomic():
        alert(key="k", subject="Something", now=now)
        transaction.set_rollback(True)
    hook.tell_due(now=now)
    assert server.got == []


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_hook_that_refuses_is_asked_again_ever_more_rarely(server, now, status, caplog):
    server.status = status
    alert(key="k", subject="Something", now=now)
    assert hook.tell_due(now=now) == 0
    row = Alert.objects.get()
    assert (row.hook_tries, row.hook_error) == (1, f"HTTP {status}")
    assert row.hook_due_at == now + timedelta(seconds=10)
    assert hook.tell_due(now=now + timedelta(seconds=9)) == 0
    assert len(server.got) == 1
    hook.tell_due(now=now + timedelta(seconds=10))
    assert Alert.objects.get().hook_due_at == now + timedelta(seconds=30)
    server.status = 204
    assert hook.tell_due(now=now + timedelta(seconds=30)) == 1
    row.refresh_from_db()
    assert (row.hook_due_at, row.hook_error) == (None, "")
    assert "token-1234" not in caplog.text


def test_a_hook_that_is_away_costs_one_try_a_round_and_is_given_up_after_days(now, settings, caplog):
    settings.ALERT_HOOK_URL = "http://127.0.0.1:9/token-1234"
    for key in ("a", "b"):
        alert(key=key, subject="Something", now=now)
    hook.tell_due(now=now)
    assert [row.hook_tries for row in Alert.objects.order_by("pk")] == [1, 0]
    late = now + timedelta(days=4)
    hook.tell_due(now=late)
    hook.tell_due(now=late)
    assert [row.hook_due_at for row in Alert.objects.all()] == [None, None]
    assert {row.hook_error for row in Alert.objects.all()} == {"ConnectionError"}
    assert "given up" in caplog.text
    assert "token-1234" not in caplog.text


def test_what_another_sweep_has_taken_is_left_to_it(server, now):
    alert(key="k", subject="Something", now=now)
    Alert.objects.update(hook_due_at=timezone.now() + hook.CLAIMED)
    assert hook.tell_due(now=now) == 0
    assert server.got == []
