"""A vendor that answers each call with the same bytes after the same wait, in a process of its own.

The sandbox reckons what it answers, which would be measured with what it is asked by; here only the wait is.
"""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs

# In an answer it becomes another number each time: 1, 2, 3 …
NUMBER = b'"one more"'
BALANCE = b'{"balance": "1000000.00", "currency": "USD"}'
ADDED = b'{"order": ' + NUMBER + b"}"


@contextlib.contextmanager
def vendor(answers: Mapping[str, bytes | Path], *, seconds: float = 0.0) -> Iterator[str]:
    """Its address; `answers` by action (`*`: any other), some of them in files, each after `seconds`."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(512)
    child = os.fork()
    if child == 0:
        with contextlib.suppress(KeyboardInterrupt):
            read = {name: it.read_bytes() if isinstance(it, Path) else it for name, it in answers.items()}
            asyncio.run(_serve(listener, read, seconds))
        os._exit(0)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/v2"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        listener.close()


def running(charge: str = "0.5") -> bytes:
    """What the vendor says of an order that goes on and was charged so many USD."""
    return json.dumps(
        {"status": "In progress", "charge": charge, "start_count": 10, "remains": 500, "currency": "USD"}
    ).encode()


async def _serve(listener: socket.socket, answers: dict[str, bytes], seconds: float) -> None:
    numbers = itertools.count(1)

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
                asked = parse_qs((await reader.readexactly(length)).decode())
                await asyncio.sleep(seconds)
                body = answers.get(asked.get("action", [""])[0], answers.get("*", b"{}"))
                if NUMBER in body:
                    body = body.replace(NUMBER, b"%d" % next(numbers))
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                )
                writer.write(body)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(client, sock=listener)
    async with server:
        await server.serve_forever()
