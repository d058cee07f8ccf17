"""What the tests of webhooks share: a real receiver on this machine, and a webhook that leads to it."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from django.utils import timezone

from api.webhooks import hooks, names


class _Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(SimpleNamespace(path=self.path, headers=self.headers, body=body))
        self.server.answer(self)

    def log_message(self, *args):
        pass


class Receiver(ThreadingHTTPServer):
    """`got` has what came; `status` is what it answers, or `answer` does it its own way."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.got, self.status = [], 204
        self.url = f"http://127.0.0.1:{self.server_port}/hooks"

    def answer(self, request):
        request.send_response(self.status)
        request.send_header("Location", f"http://127.0.0.1:{self.server_port}/elsewhere")
        request.send_header("Content-Length", "0")
        request.end_headers()

    def handle_error(self, request, client_address):
        pass  # a connection that was cut off on purpose


@pytest.fixture
def receiver(settings):
    """A receiver, and settings that let a webhook lead to it."""
    settings.WEBHOOK_ALLOW_PRIVATE = True
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def hook(receiver, customer):
    """The customer's webhook, which wants everything."""
    return hooks.make(customer=customer, url=receiver.url, events=names.ALL, now=timezone.now())
