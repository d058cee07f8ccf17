"""Speak to the vendor: one method an action, over a pooled session, with explicit timeouts.

Nothing is sent again behind the caller's back. What goes wrong is named by what the caller should do:

- `Refused`     the vendor said no; nothing was bought.
- `NotSent`     provably nothing was accepted; safe to send again, not before `retry_after` seconds.
- `Unanswered`  it may have been accepted; never send a purchase again on a guess.

Every call passes the shared pace (`upstream.pace`) and tells it how it went.
"""

import functools
import logging
import re
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import msgspec
import requests
from django.conf import settings
from django.utils import timezone
from requests.adapters import HTTPAdapter
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
)
from urllib3.util.retry import Retry

from core import metrics
from core.alerts import alert
from core.masking import hide
from core.models import Alert
from upstream import replies
from upstream.pace import Closed, Kind, Pace, current_pace
from upstream.replies import Malformed, error_of, has_purchase

T = TypeVar("T")

log = logging.getLogger(__name__)

LATENCY = metrics.Histogram("shop_upstream_seconds", "How long calls to the vendor took, by action.", ("action",))
# `held`: the pace let no call through; `slow down`, `key`: the vendor wants none; `unreachable`: it never got there;
# `failing`: no answer that can be relied on; `funds`: our balance there ran out; `refused`: it said no.
ERRORS = metrics.Counter(
    "shop_upstream_errors_total", "Calls to the vendor that did not bring what they asked for.", ("action", "why")
)

# Far above any answer of the contract (100,000 services are about 40 MB), far below what would fill a machine.
LARGEST_BODY = 256 * 1024 * 1024
CONNECT_SECONDS = 5.0

_RATE_LIMIT_WORDS = re.compile(r"rate.?limit|too many requests|too many attempts|slow down", re.IGNORECASE)
_KEY_WORDS = re.compile(r"(invalid|incorrect|wrong|unknown|missing).{0,12}\bapi.?key", re.IGNORECASE)
_FUNDS_WORDS = re.compile(r"insufficient.{0,10}(balance|funds)|not enough.{0,10}(balance|funds)", re.IGNORECASE)


class UpstreamError(Exception):
    """A call that did not bring what it asked for."""


class Refused(UpstreamError):
    """The vendor answered `{"error": …}`; `words` are its own."""

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__(words)


class OutOfFunds(Refused):
    """The operator's prepaid balance ran out: ours to mend, not the customer's (ruling 8)."""


class NotSent(UpstreamError):
    """Provably not accepted; may be sent again after `retry_after` seconds."""

    def __init__(self, why: str, *, retry_after: float = 1.0) -> None:
        self.retry_after = retry_after
        super().__init__(why)


class Held(NotSent):
    """Not even begun: the shared pace lets no call through now."""


class Unanswered(UpstreamError):
    """No answer that can be relied on: a purchase may or may not have been accepted."""


class Answer(NamedTuple):
    """An HTTP answer as it came."""

    status: int
    body: bytes
    retry_after: float | None


class Client:
    """The vendor at `url`, for the whole process: threads share it."""

    def __init__(self, *, url: str, key: str, timeout: float, concurrency: int, pace: Pace) -> None:
        self.url = url
        self._key = key
        self._timeout = timeout
        self._pace = pace
        self._session = _session(pool=concurrency)

    # ── Reads: may be repeated freely ──────────────────────────────────────────────────────────────

    def categories(self) -> list[replies.Category]:
        """Categories with the names of their subcategories."""
        return self._read(replies.categories, "categories", kind="bulk")

    def services(
        self,
        *,
        category: str | None = None,
        subcategory: str | None = None,
        page: int = 1,
        limit: int = 0,
    ) -> replies.Rows[replies.Service]:
        """Services; all of them when `limit` is 0. Bad rows are left out and named."""
        return self._read(
            replies.services,
            "services",
            kind="bulk",
            category=category,
            subcategory=subcategory,
            page=page if limit else None,
            limit=limit or None,
        )

    def service_rows(self) -> list[msgspec.Raw]:
        """All services, row by row as they came."""
        return self._read(replies.service_rows, "services", kind="bulk")

    def inventory(self, *, service: int, patience: float | None = None) -> replies.Inventory:
        """Stock of one service, now; `patience` is how many seconds the vendor has for it, if it shall be fewer."""
        return self._read(
            lambda body: replies.decode(body, replies.Inventory), "inventory", patience=patience, service=service
        )

    def status(self, *, order: int) -> replies.Status:
        """How the vendor's order `order` stands."""
        return self._read(lambda body: replies.decode(body, replies.Status), "status", order=order)

    def balance(self, *, patience: float | None = None) -> replies.Balance:
        """The operator's prepaid balance, in USD; `patience` is how many seconds the vendor has, if fewer."""
        return self._read(lambda body: replies.decode(body, replies.Balance), "balance", patience=patience)

    def sms_projects(self, *, country: str | None = None) -> replies.Rows[replies.SmsProject]:
        """Projects with their prices, per country. Bad rows are left out and named."""
        return self._read(replies.sms_projects, "sms_projects", kind="bulk", country=country)

    def sms_countries(self) -> replies.Rows[replies.SmsCountry]:
        """Countries in which numbers are sold. Bad rows are left out and named."""
        return self._read(replies.sms_countries, "sms_countries", kind="bulk")

    def sms_code(self, *, order: int) -> replies.SmsCode:
        """Whether a code came for the number."""
        return self._read(lambda body: replies.decode(body, replies.SmsCode), "sms_code", order=order)

    def sms_status(self, *, order: int) -> replies.SmsStatus:
        """How the number stands, with its code when there is one."""
        return self._read(lambda body: replies.decode(body, replies.SmsStatus), "sms_status", order=order)

    # ── Purchases: never repeated on a guess ───────────────────────────────────────────────────────

    def add(self, *, service: int, link: str, quantity: int) -> replies.Added:
        """Buy. Not idempotent, and carries no reference of ours (ruling 3)."""
        return self._buy(
            lambda body: replies.decode(body, replies.Added),
            "add",
            service=service,
            link=link,
            quantity=quantity,
        )

    def add_sms(
        self,
        *,
        project_id: str,
        quantity: int = 1,
        country: str | None = None,
        phone: str | None = None,
    ) -> list[replies.SmsOrder]:
        """Buy 1–10 numbers; fewer may come. Not idempotent (ruling 3)."""
        return self._buy(
            replies.sms_orders,
            "add_sms",
            project_id=project_id,
            quantity=quantity,
            country=country,
            phone=phone,
        )

    # ── How a call goes ────────────────────────────────────────────────────────────────────────────

    def _read(
        self,
        decode: Callable[[bytes], T],
        action: str,
        *,
        kind: Kind = "ask",
        patience: float | None = None,
        **params: object,
    ) -> T:
        # Reading a large catalogue takes its time; each pause in it is still bounded by the timeout.
        return self._call(
            decode,
            action,
            params,
            session=self._session,
            timeout=min(patience or self._timeout, self._timeout),
            deadline=patience or self._timeout * 6,
            kind=kind,
        )

    def _buy(self, decode: Callable[[bytes], T], action: str, **params: object) -> T:
        # A fresh connection each time: on a pooled one that the vendor has just closed nobody could tell
        # a purchase that was never read from one whose answer was lost.
        with _session(pool=1) as session:
            return self._call(
                decode, action, params, session=session, timeout=self._timeout, deadline=self._timeout, kind="buy"
            )

    def _call(
        self,
        decode: Callable[[bytes], T],
        action: str,
        params: dict[str, object],
        *,
        session: requests.Session,
        timeout: float,
        deadline: float,
        kind: Kind,
    ) -> T:
        try:
            passage = self._pace.enter(lease=deadline + CONNECT_SECONDS, kind=kind)
        except Closed as closed:
            ERRORS.inc(action, "held")
            raise Held(str(closed), retry_after=closed.retry_after) from None
        started = time.monotonic()
        try:
            answer = self._post(session, action, params, timeout, deadline)
            self._raise_for_words(answer)
            try:
                result = decode(answer.body)
            except Malformed as error:
                # No excerpt: what was delivered, or a code, may stand in it.
                raise Unanswered(f"broken answer: {hide(str(error))}") from None
        except Refused as refused:
            # The vendor is well: it read the request and said no.
            self._pace.succeeded(passage)
            ERRORS.inc(action, "funds" if isinstance(refused, OutOfFunds) else "refused")
            raise
        except _Throttled as throttled:
            ERRORS.inc(action, throttled.word)
            self._pace.trip(passage, throttled.word, throttled.why, throttled.seconds)
            raise NotSent(throttled.why, retry_after=throttled.seconds) from None
        except NotSent as error:
            self._pace.failed(passage, "unreachable", f"{action}: {error}")
            ERRORS.inc(action, "unreachable")
            raise
        except Unanswered as error:
            self._pace.failed(passage, "failing", f"{action}: {error}")
            ERRORS.inc(action, "failing")
            raise
        else:
            self._pace.succeeded(passage)
            return result
        finally:
            self._pace.leave(passage)
            seconds = time.monotonic() - started
            LATENCY.observe(seconds, action)
            log.debug("%s took %.0f ms", action, seconds * 1000)

    def _post(
        self, session: requests.Session, action: str, params: dict[str, object], timeout: float, deadline: float
    ) -> Answer:
        ends = time.monotonic() + deadline
        form = {name: str(value) for name, value in params.items() if value is not None}
        try:
            with session.post(
                self.url,
                data={"key": self._key, "action": action, **form},
                timeout=(min(CONNECT_SECONDS, timeout), timeout),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = _read_body(response, ends)
                return Answer(response.status_code, body, _seconds(response.headers.get("Retry-After")))
        except requests.RequestException as error:
            if _never_sent(error):
                raise NotSent(f"no connection: {_short(error)}") from None
            raise Unanswered(f"no answer: {_short(error)}") from None
        except (HTTPError, OSError) as error:  # while the body was read
            raise Unanswered(f"the answer broke off: {_short(error)}") from None

    def _raise_for_words(self, answer: Answer) -> None:
        words = error_of(answer.body)
        # What it says is kept and shown; a vendor may repeat the key that it was asked with.
        words = words and hide(words)
        if (words or answer.status >= 300) and has_purchase(answer.body):
            # Whatever it says besides, something may have been bought.
            raise Unanswered(f"an error and an order at once: HTTP {answer.status}, {words}")
        if answer.status == 429 or (words and _RATE_LIMIT_WORDS.search(words)):
            raise _Throttled("slow down", "the vendor asks us to slow down", answer.retry_after or 10.0)
        if answer.status >= 500 or (words is None and answer.status >= 300):
            raise Unanswered(f"HTTP {answer.status}, {len(answer.body)} bytes")
        if words is None:
            return
        if _KEY_WORDS.search(words):
            alert(
                key="upstream:key",
                subject="The vendor rejects our API key",
                detail=f"It says: {words}\nSet UPSTREAM_KEY. Purchases wait meanwhile; no customer is charged.",
                severity=Alert.Severity.CRITICAL,
                now=timezone.now(),
            )
            raise _Throttled("key", "the vendor rejects our key", 60.0)
        if _FUNDS_WORDS.search(words):
            raise OutOfFunds(words)
        raise Refused(words)


class _Throttled(Exception):
    """Everybody should hold back for `seconds`; `word` is the reason in short."""

    def __init__(self, word: str, why: str, seconds: float) -> None:
        self.word = word
        self.why = why
        self.seconds = seconds
        super().__init__(why)


def _session(*, pool: int) -> requests.Session:
    session = requests.Session()
    # Proxy settings and .netrc of the machine must not change where the key goes.
    session.trust_env = False
    adapter = HTTPAdapter(pool_maxsize=pool, max_retries=Retry(0, read=False, redirect=False))
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _read_body(response: requests.Response, ends: float) -> bytes:
    """The whole body, or `Unanswered` when it takes too long or grows too large: a drip must not hold a worker."""
    parts = []
    size = 0
    while part := response.raw.read1(65536, decode_content=True):
        parts.append(part)
        size += len(part)
        if size > LARGEST_BODY:
            raise Unanswered(f"the answer is larger than {LARGEST_BODY} bytes")
        if time.monotonic() > ends:
            raise Unanswered("the answer took too long")
    return b"".join(parts)


def _never_sent(error: requests.RequestException) -> bool:
    """Whether the request provably never left: no connection was made, or its certificate was not right."""
    if isinstance(
        error,
        requests.ConnectTimeout | requests.exceptions.InvalidURL | requests.exceptions.MissingSchema,
    ):
        return True
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    if isinstance(reason, NewConnectionError | NameResolutionError | ConnectTimeoutError):
        return True
    return isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error)


def _seconds(header: str | None) -> float | None:
    """Retry-After in seconds, kept between 1 and 300; None for none or a date."""
    return min(max(float(header), 1.0), 300.0) if header and header.isascii() and header.isdigit() else None


def _short(error: Exception) -> str:
    return hide(f"{type(error).__name__}: {error}")[:300]


@functools.lru_cache(maxsize=4)
def _client(url: str, key: str, timeout: float, concurrency: int, pace: Pace) -> Client:
    return Client(url=url, key=key, timeout=timeout, concurrency=concurrency, pace=pace)


def client() -> Client:
    """The process's client, as the settings say."""
    return _client(
        settings.UPSTREAM_URL,
        settings.UPSTREAM_KEY,
        settings.UPSTREAM_TIMEOUT,
        settings.UPSTREAM_MAX_CONCURRENCY,
        current_pace(),
    )
