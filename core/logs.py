"""Log lines that stay one line and tell no secret: what came from outside can't forge another.

`LOG_FORMAT` says which: `text` for people, `json` for programs, one object a line. Both add what is known of the
request or task (`core.context`), hide secrets (`core.masking`), and name addresses by their patterns.
"""

import logging
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.http import HttpRequest

from core import context
from core.masking import mask, masked

# Characters that are kept of an event, and of a traceback, whose end says the most: others' texts may be of any length.
LONGEST_EVENT = 10_000
LONGEST_TRACEBACK = 50_000
_JSON = msgspec.json.Encoder(enc_hook=str)


class OneLine(logging.Formatter):
    """`12:00:00 WARNING orders.submit message (order_id 17)`, control characters escaped; tracebacks are indented."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s %(message)s", "%H:%M:%S")
        self.converter = time.gmtime

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = _event(record)
        known = ", ".join(f"{name} {value}" for name, value in context.known(_request(record)).items())
        return _printable(super().formatMessage(record) + (f" ({known})" if known else ""))

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # what another handler kept of it may tell secrets
        return super().format(record)

    def formatException(self, ei: Any) -> str:
        return _indented(_traceback(super().formatException(ei)))

    def formatStack(self, stack_info: str) -> str:
        return _indented(_traceback(stack_info))


class JsonLine(logging.Formatter):
    """An object with `time` (ISO 8601, UTC), `level`, `logger`, `event`, what is known, and perhaps `exception`.

    What a call gives as `extra={"facts": {…}}` stands beside them.
    """

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "time": f"{at[:-6]}Z",
            "level": record.levelname,
            "logger": record.name,
            "event": _printable(_event(record)),
        }
        facts = getattr(record, "facts", None)
        if facts:
            line.update((name, _printed(value)) for name, value in masked(facts).items() if name not in line)
        known = context.known(_request(record))
        line.update((name, _printed(value)) for name, value in known.items() if name not in line)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = _traceback(record.stack_info)
        return _JSON.encode(line).decode()

    def formatException(self, ei: Any) -> str:
        return _traceback(super().formatException(ei))


def _event(record: logging.LogRecord) -> str:
    """The message without secrets; Django's own lines about a request name its pattern in the place of its address."""
    text = record.getMessage()[:LONGEST_EVENT]
    request = _request(record)
    if request is not None and len(request.path) > 1:
        text = text.replace(request.path, context.route_of(request))
    return mask(text)


def _request(record: logging.LogRecord) -> HttpRequest | None:
    """What Django's own lines are about; other servers put other things there."""
    request = getattr(record, "request", None)
    return request if isinstance(request, HttpRequest) else None


def _printed(value: Any) -> Any:
    return _printable(value) if isinstance(value, str) else value


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _traceback(text: str) -> str:
    return "\n".join(_printable(line) for line in mask(text[-LONGEST_TRACEBACK:]).split("\n"))


def _indented(text: str) -> str:
    """So that no line of it looks like a log line of its own, whatever an error quotes."""
    return "\n".join(f"  {line}" for line in text.split("\n"))
