"""Clients of a web server that ask for the same thing again and again, each on a connection that stays open."""

import http.client
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple


class Asked(NamedTuple):
    """What one client asks for."""

    path: str
    method: str = "GET"
    body: bytes | None = None
    headers: dict[str, str] = {}
    wrong: bytes = b""
    """An answer that has this in it is none."""


class Rate(NamedTuple):
    """How long each answer took, in seconds, and how many there were a second."""

    took: list[float]
    per_second: float


def rate(port: int, clients: Sequence[Asked], seconds: float) -> Rate:
    """Let all clients ask for so many seconds. Ends the program at an answer that is none."""
    begun = time.monotonic()
    ends = begun + seconds

    def client(asked: Asked) -> list[float]:
        connection, took = http.client.HTTPConnection("127.0.0.1", port, timeout=30), []
        while (now := time.monotonic()) < ends:
            connection.request(asked.method, asked.path, asked.body, asked.headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200 or (asked.wrong and asked.wrong in text):
                sys.exit(f"{asked.path}: HTTP {answer.status}, {text[:200]!r}")
            took.append(time.monotonic() - now)
        connection.close()
        return took

    with ThreadPoolExecutor(len(clients)) as pool:
        took = [one for many in pool.map(client, clients) for one in many]
    return Rate(took, len(took) / (time.monotonic() - begun))
