"""What the stand-ins for payment providers share: a small HTTP server on a port of its own."""

import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

PAGE = """<!doctype html><html lang="en"><head><title>{title}</title></head><body><main><h1>{title}</h1>
<p>{amount}</p><form method="post" action="{action}"><button type="submit">Pay now</button></form></main></body>
</html>"""


class StandIn:
    """`with StandIn() as provider`: `answer` is asked for every request; `down` makes it answer 500."""

    def __init__(self) -> None:
        self.down = False
        self.asked: list[str] = []
        # Where its notices go by themselves when somebody pays on its page; nowhere while it is empty.
        self.webhook = ""
        self.answers: list[int] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._do("GET")

            def do_POST(self) -> None:
                self._do("POST")

            def _do(self, method: str) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                provider.asked.append(f"{method} {urlsplit(self.path).path}")
                headers: dict[str, str] = {}
                if provider.down:
                    status, kind, answer = 500, "text/plain", b"away"
                elif self.path == "/favicon.ico":
                    status, kind, answer = 200, "image/x-icon", b""
                else:
                    status, headers, answer = provider.answer(method, self.path, dict(self.headers), body)
                    kind = headers.pop("Content-Type", "application/json")
                self.send_response(status)
                for name, value in {"Content-Type": kind, "Content-Length": str(len(answer)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> Any:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        raise NotImplementedError

    def page(self, title: str, amount: str, action: str) -> tuple[int, dict[str, str], bytes]:
        text = PAGE.format(title=title, amount=amount, action=action)
        return 200, {"Content-Type": "text/html; charset=utf-8"}, text.encode()

    def deliver(self, body: bytes, headers: dict[str, str]) -> int:
        """Post a notice to the shop, as the provider does; the answer's status."""
        request = urllib.request.Request(
            self.webhook, data=body, headers={"Content-Type": "application/json", **headers}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                status = int(answer.status)
        except urllib.error.HTTPError as error:
            status = error.code
        self.answers.append(status)
        return status


def as_json(what: Any, status: int = 200) -> tuple[int, dict[str, str], bytes]:
    return status, {}, json.dumps(what).encode()


def there(address: str) -> tuple[int, dict[str, str], bytes]:
    return 303, {"Location": address}, b""
