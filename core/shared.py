"""The Redis that all processes of the shop share, where the broker is one (Valkey counts as Redis)."""

import functools
import re

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
