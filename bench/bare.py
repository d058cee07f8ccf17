"""What `requests` alone can do: calls a second of as many threads over one session, to compare with."""

import time
from concurrent.futures import ThreadPoolExecutor

import requests

from bench.stage import KEY


def bare_rate(url: str, *, threads: int, seconds: float, **asked: str) -> float:
    """Calls a second to the vendor at `url`, each asking for `asked`."""
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=threads))
    began = time.monotonic()

    def call(_n: int) -> int:
        done = 0
        while time.monotonic() < began + seconds:
            session.post(url, data={"key": KEY, **asked}, timeout=10).json()
            done += 1
        return done

    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(call, range(threads)))
    return done / (time.monotonic() - began)
