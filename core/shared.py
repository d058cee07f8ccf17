"""The Redis that all processes of the shop share, where the broker is one (Valkey counts as Redis)."""

import functools
import os
import re
import threading
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

_CERTIFICATES = re.compile(r"([?&]ssl_cert_reqs=)CERT_(NONE|OPTIONAL|REQUIRED)\b")


@functools.lru_cache(maxsize=16)
def shared_redis(broker: str, *, patience: float, decode: bool = False) -> "redis.Redis | None":
    """A connection to the broker at the address `broker`; None where that is no Redis.

    It waits for `patience` seconds and tries nothing again: who finds it away goes on without. Several addresses, which
    Celery tries in turn, are none: which of them it uses now only Celery knows.
    """
    scheme, _, rest = broker.partition("://")
    if scheme in ("redis+socket", "unix"):
        url = f"unix://{rest}".replace("virtual_host=", "db=")
    elif scheme in ("redis", "rediss") and ";" not in rest:
        # As Celery has it written, and the library of Redis not.
        url = _CERTIFICATES.sub(lambda found: f"{found[1]}{found[2].lower()}", broker)
    else:
        return None
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=patience,
        socket_timeout=patience,
        decode_responses=decode,
        retry=Retry(NoBackoff(), 0),
    )


_own = threading.local()


def ask(client: "redis.Redis", *commands: tuple[Any, ...]) -> list[Any]:
    """What Redis answers to `commands`, which are sent together, on a connection that this thread keeps.

    For what every request waits for: to take a connection from the client's pool, to measure and to give it back takes
    several times as long as the question. Raises `redis.RedisError`. A command whose answer was lost with a kept
    connection is sent once more, so it must be one that may run twice.
    """
    kept = _own.__dict__.setdefault("connections", {})
    whose = (os.getpid(), client)  # a fork shares nobody's connection
    connection = kept.get(whose)
    if connection is None:
        # Not the pool's own way, which counts what it made and never what has gone.
        pool = client.connection_pool
        connection = kept[whose] = pool.connection_class(**pool.connection_kwargs)
        answers = _ask(connection, commands)
    else:
        try:
            answers = _ask(connection, commands)
        except redis.ConnectionError:
            # Redis was started anew since it was asked last.
            answers = _ask(connection, commands)
    for answer in answers:
        if isinstance(answer, redis.ResponseError):
            raise answer
    return answers


def _ask(connection: Any, commands: tuple[tuple[Any, ...], ...]) -> list[Any]:
    """Every answer, refusals too, so that none is left over for the next question; what else goes wrong ends it."""
    connection.send_packed_command(connection.pack_commands(commands), check_health=False)
    answers: list[Any] = []
    try:
        for _ in commands:
            try:
                answers.append(connection.read_response())
            except redis.ResponseError as refusal:
                answers.append(refusal)
    except BaseException:
        connection.disconnect()
        raise
    return answers
