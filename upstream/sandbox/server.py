"""The vendor over HTTP: `POST /api/v2` as the contract says, and `/control` for demos and tests.

    with Sandbox(speed=20) as sandbox:
        sandbox.url              # http://127.0.0.1:PORT/api/v2
        sandbox.fault("lost_after", action="add", times=1)
        sandbox.vendor.purchases # what was really bought

Listens on 127.0.0.1 only. Keys are never logged.
"""

import json
import socket
import sys
import threading
import time
import traceback
from collections import Counter
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlsplit

from upstream.sandbox import control
from upstream.sandbox.catalogue import Service
from upstream.sandbox.clock import Clock
from upstream.sandbox.faults import Fault, Faults, as_text, spoil_rows
from upstream.sandbox.memory import Memory
from upstream.sandbox.numbers import SmsPlan
from upstream.sandbox.orders import Plan
from upstream.sandbox.vendor import Vendor

API_PATH = "/api/v2"
CONTROL_PATH = "/control"
MAX_BODY = 1_048_576
JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"
HTML_PAGE = b"<!doctype html><html><head><title>Just a moment...</title></head><body>Checking.</body></html>"
BAD_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>"


class Sandbox:
    """The stand-in and its door in Python. Start it with `with`, or with `start` and `stop`."""

    def __init__(
        self,
        port: int = 0,
        services: int = 500,
        seed: int = 1,
        speed: float = 1.0,
        key: str = "sandbox-key",
        balance: Decimal = Decimal("100000"),
        access_log: bool = False,
        memory: Path | None = None,
    ) -> None:
        """Bind the port at once, so that a busy one raises OSError here. `memory`: the file to go on from."""
        self.access_log = access_log
        self.received: Counter[str] = Counter()  # requests that arrived, by action
        self._received_lock = threading.Lock()
        self.faults = Faults(seed)
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler, self)
        try:
            self.vendor = Vendor(services=services, seed=seed, key=key, balance=balance, clock=Clock(speed))
            self._memory = Memory(memory, self.vendor) if memory else None
        except BaseException:
            self._server.server_close()
            raise
        self._thread: threading.Thread | None = None

    def arrived(self, action: str) -> None:
        """Count a request that arrived, whatever becomes of it."""
        with self._received_lock:
            self.received[action] += 1

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self.port}{API_PATH}"

    @property
    def control_url(self) -> str:
        """Where the control door is."""
        return f"http://127.0.0.1:{self.port}{CONTROL_PATH}"

    def start(self) -> Self:
        """Serve in a thread of its own."""
        if self._memory:
            self._memory.start()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="sandbox", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and cut every connection, as a vendor does that goes down."""
        self.stopping.set()
        if self._thread:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()
        self._server.cut_connections()
        if self._memory:
            self._memory.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # ── The control door in Python ─────────────────────────────────────────────────────────────────
    def fault(
        self,
        kind: str,
        action: str = "*",
        times: int | None = None,
        rate: float | None = None,
        **details: Any,
    ) -> Fault:
        """Make something go wrong: see `faults.KINDS` and `faults.DETAILS`."""
        return self.faults.add(kind, action=action, times=times, rate=rate, **details)

    def clear(self) -> None:
        """Drop every fault, plan and forced reply; books, orders and catalogue stay."""
        self.faults.clear()
        self.vendor.forget()

    def advance(self, seconds: float) -> float:
        """Move the vendor's time forward; returns the new time in seconds."""
        return self.vendor.clock.advance(seconds)

    def set_balance(self, amount: Decimal) -> None:
        """Set our prepaid balance, in USD."""
        self.vendor.balance = amount

    def set_key(self, key: str) -> None:
        """Change the key that the vendor takes."""
        self.vendor.key = key

    def plan(self, **fields: Any) -> Plan:
        """Decide what the next orders do: see `orders.Plan`."""
        return self.vendor.plan(**fields)

    def plan_sms(self, **fields: Any) -> SmsPlan:
        """Decide what the next numbers do: see `numbers.SmsPlan`."""
        return self.vendor.plan_sms(**fields)

    def set_service(self, service_id: int, **fields: Any) -> Service:
        """Change a row of the catalogue, or withdraw it with `gone=True`."""
        return self.vendor.set_service(service_id, **fields)

    def force(self, order_id: int, **fields: Any) -> None:
        """Put raw values into the status replies of an order: see `Vendor.force`."""
        self.vendor.force(order_id, **fields)

    def state(self, *, after: int = 0) -> dict[str, Any]:
        """What GET on the control door answers."""
        return control.state(self, after=after)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1_024

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        super().__init__(address, handler)

    def server_bind(self) -> None:
        # HTTPServer would ask the resolver for our name here, which can take seconds.
        TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._connections_lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        """Close what is still open; kept-alive connections would outlive the listener."""
        with self._connections_lock:
            connections = list(self._connections)
        for connection in connections:
            _cut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A caller that has gone away is everyday; anything else is our own mistake.
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            traceback.print_exc(file=sys.stderr)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one write for head and body
    timeout = 600
    server: _Server

    def do_POST(self) -> None:
        body = self._body()
        if body is None:
            return
        match urlsplit(self.path).path.rstrip("/"):
            case "/api/v2":
                self._api(body)
            case "/control":
                self._control(body)
            case _:
                self._send_json(404, {"error": "Not found"})

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path.rstrip("/") == CONTROL_PATH and "Origin" not in self.headers:
            after = parse_qs(parts.query).get("after", ["0"])[-1]
            after = after if after.isascii() and after.isdigit() else "0"
            self._send_json(200, self.server.sandbox.state(after=int(after[:12])))
        elif parts.path.rstrip("/") == API_PATH:
            self._send_json(405, {"error": "Method not allowed"})
        else:
            self._send_json(404, {"error": "Not found"})

    # ── The contract ───────────────────────────────────────────────────────────────────────────────
    def _api(self, body: bytes) -> None:
        began = time.perf_counter()
        sandbox = self.server.sandbox
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        action = form.get("action", "")
        sandbox.arrived(action)
        fault = sandbox.faults.take(action)
        if fault is None:
            self._send(200, JSON_TYPE, sandbox.vendor.answer(form))
        else:
            self._struck(fault, form)
        if sandbox.access_log:
            took = (time.perf_counter() - began) * 1_000
            struck = f" [{fault.kind}]" if fault else ""
            print(f"sandbox {action[:20]!r} {took:.1f} ms{struck}", file=sys.stderr, flush=True)

    def _struck(self, fault: Fault, form: dict[str, str]) -> None:
        sandbox, details = self.server.sandbox, fault.details
        answer = b""
        late = details["seconds"] if fault.when == "before" and fault.kind == "hang" else 0
        # A late request is processed even if nobody waits for the answer any more, unless we stop first.
        if late and sandbox.stopping.wait(late):
            self._cut()
            return
        if fault.when == "after" or fault.kind == "hang":
            answer = sandbox.vendor.answer(form, withdrawn=details.get("share", 0.0))
        match fault.kind:
            case "lost_before" | "lost_after":
                sandbox.stopping.wait(details["seconds"])
                self._cut()
            case "hang":
                if fault.when == "after":
                    sandbox.stopping.wait(details["seconds"])
                self._send(200, JSON_TYPE, answer)
            case "http_500":
                self._send_json(500, {"error": "Internal server error"})
            case "http_502_html":
                self._send(502, HTML_TYPE, BAD_GATEWAY)
            case "http_429":
                self._send_json(429, {"error": "Too many requests"}, {"Retry-After": str(details["retry_after"])})
            case "html":
                self._send(200, HTML_TYPE, HTML_PAGE)
            case "rate_limit_words":
                self._send_json(200, {"error": "Too many requests, rate limit exceeded"})
            case "wrong_key":
                self._send_json(200, {"error": "Invalid API key"})
            case "words":
                self._send_json(200, {"error": details["words"]})
            case "answer":
                self._send_json(200, details["body"])
            case "empty_catalogue":
                self._send_json(200, {"services": [], "total": 0, "page": 1, "limit": 0, "total_pages": 0})
            case "broken_json":
                self._send(200, JSON_TYPE, answer[: len(answer) // 2])
            case "bad_rows":
                self._send(200, JSON_TYPE, spoil_rows(answer, int(details["rows"])))
            case "as_text":
                self._send(200, JSON_TYPE, as_text(answer))
            case "slow_drip":
                self._drip(answer, details["delay"])
            case _:  # withdraw: the answer itself is what is wrong
                self._send(200, JSON_TYPE, answer)

    def _drip(self, answer: bytes, delay: float) -> None:
        self._head(200, JSON_TYPE, len(answer))
        self.wfile.flush()
        for position in range(len(answer)):
            if self.server.sandbox.stopping.wait(delay):
                break
            self.wfile.write(answer[position : position + 1])
            self.wfile.flush()

    # ── The control door ───────────────────────────────────────────────────────────────────────────
    def _control(self, body: bytes) -> None:
        if "Origin" in self.headers:
            # A page in somebody's browser can post here; it can't hide where it came from.
            self._send_json(403, {"error": "Not from a browser"})
            return
        try:
            self._send_json(200, control.run(self.server.sandbox, json.loads(body)))
        except ValueError as error:
            self._send_json(400, {"error": str(error)})

    # ── HTTP ───────────────────────────────────────────────────────────────────────────────────────
    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or int(length) > MAX_BODY:
            self.close_connection = True
            self._send_json(411 if not length else 413, {"error": "Send a form with its length"})
            return None
        return self.rfile.read(int(length))

    def _send_json(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self._send(status, JSON_TYPE, json.dumps(value, ensure_ascii=False).encode(), headers)

    def _send(self, status: int, content_type: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        self._head(status, content_type, len(body), headers)
        self.wfile.write(body)

    def _head(self, status: int, content_type: str, length: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _cut(self) -> None:
        self.close_connection = True
        _cut(self.connection)

    def version_string(self) -> str:
        return "sandbox"

    def log_message(self, format: str, *args: Any) -> None:
        # The standard one prints the request line; ours is in `_api` and carries no parameters.
        return


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
