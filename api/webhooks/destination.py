"""Where a customer's address may lead: to the open internet, and nowhere near the shop's own network.

An address is checked when it is saved, for the customer's sake, and at each post, for ours: the host is resolved
once, and the connection goes to the very address that was checked, so a name that changes its mind in between gains
nothing. TLS still checks the certificate against the name. No redirect is followed, no proxy of the environment is
used, and nothing of an answer's body is read.
"""

import contextlib
import ipaddress
import socket
import threading
from typing import Any

import requests
from django.conf import settings
from django.utils.translation import gettext as _
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import LocationParseError, NewConnectionError
from urllib3.util import parse_url

LONGEST = 500
TIMEOUT = 10.0
# Addresses of a host that are tried one after the other: of a machine with two, one may be away.
MOST_PLACES = 3
# What is global of IPv6 at all, and what in it leads elsewhere or is for examples.
_GLOBAL = ipaddress.ip_network("2000::/3")
_ELSEWHERE = [
    ipaddress.ip_network(each)
    for each in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "192.88.99.0/24", "168.63.129.16/32")
]
# A resolver may be silent for many seconds: of the threads of one web process so many may wait for it.
LOOKING = 2
_looking = threading.BoundedSemaphore(LOOKING)


class Forbidden(ValueError):
    """An address that is not posted to, with a sentence for its owner."""


def checked(url: str) -> str:
    """The address in the form in which it is posted to. Raises `Forbidden`.

    What is read here is what `requests` reads later: nothing else takes the address apart.
    """
    try:
        prepared = requests.Request("POST", url.strip()).prepare().url or ""
        parts = parse_url(prepared)
    except (requests.RequestException, LocationParseError, ValueError):
        raise Forbidden(_("This is no address such as https://example.com/hooks.")) from None
    if parts.scheme not in ("http", "https") or not parts.host:
        raise Forbidden(_("This is no address such as https://example.com/hooks."))
    _secret_enough(prepared)
    if parts.auth:
        raise Forbidden(_("Leave user name and password out of it: the signature tells that it is us."))
    if "%" in parts.host or len(prepared) > LONGEST or parts.fragment:
        raise Forbidden(_("This is no address such as https://example.com/hooks."))
    standard = 443 if parts.scheme == "https" else 80
    if not _looking.acquire(blocking=False):
        raise Forbidden(_("Too many addresses are being looked up: try again in a moment."))
    try:
        resolve(parts.host, standard if parts.port is None else parts.port)
    finally:
        _looking.release()
    return prepared


def resolve(host: str, port: int) -> list[tuple[int, Any]]:
    """The families and socket addresses of a host, every one of them on the open internet. Raises `Forbidden`."""
    if port not in (80, 443) and not 1024 <= port <= 65535:
        raise Forbidden(_("Use port 80, 443, or one from 1024 on."))
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Forbidden(_("This host can't be found.")) from None
    # One that is ours among others that are not is no accident.
    if not settings.WEBHOOK_ALLOW_PRIVATE and not all(is_public(each[4][0]) for each in found):
        raise Forbidden(_("This host is in a private network."))
    return [(each[0], each[4]) for each in found]


def _secret_enough(url: str) -> None:
    if url.startswith("http://") and not settings.DEBUG and not settings.WEBHOOK_ALLOW_PRIVATE:
        raise Forbidden(_("It has to begin with https://, since codes may be in what is sent."))


def is_public(text: object) -> bool:
    """Whether an IP address, as the resolver writes it, belongs to the open internet."""
    try:
        address = ipaddress.ip_address(str(text))
    except ValueError:
        return False
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        return False
    if isinstance(address, ipaddress.IPv6Address) and (address.scope_id or address not in _GLOBAL):
        # Mapped, translated and compatible IPv4 addresses are all outside.
        return False
    return not any(address in network for network in _ELSEWHERE if network.version == address.version)


# ── Posting ────────────────────────────────────────────────────────────────────────────────────────
def post(url: str, *, body: bytes, headers: dict[str, str]) -> int:
    """POST and return the status of the answer; takes at most twice TIMEOUT once the host is resolved.

    Raises `Forbidden`, `requests.RequestException`.
    """
    # Settings may have changed since the address was saved.
    _secret_enough(url)
    request = requests.Request("POST", url, data=body, headers=headers).prepare()
    # The adapter alone: a session would read the body of a redirect, and proxies and passwords from the environment.
    with (
        contextlib.closing(_Adapter()) as adapter,
        adapter.send(request, stream=True, timeout=TIMEOUT, verify=True) as answer,
    ):
        return answer.status_code


class _Alarm:
    """Cuts a connection off when its time is over: a receiver that sends a byte now and then never times out."""

    def __init__(self, connection: socket.socket) -> None:
        # TLS takes the socket over: a second handle still reaches the connection.
        self.rang = False
        self._handle = connection.dup()
        self._timer = threading.Timer(TIMEOUT, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def _cut(self) -> None:
        self.rang = True
        with contextlib.suppress(OSError):
            self._handle.shutdown(socket.SHUT_RDWR)

    def off(self) -> None:
        self._timer.cancel()
        self._handle.close()


class _Checked:
    """Mixed into urllib3's connections: one to an address that was checked, and not for ever."""

    host: str
    port: int
    _alarm: _Alarm | None = None

    def _new_conn(self) -> socket.socket:
        places = resolve(self.host, self.port)[:MOST_PLACES]
        for left, (family, place) in zip(range(len(places) - 1, -1, -1), places, strict=True):
            connection = socket.socket(family, socket.SOCK_STREAM)
            try:
                # All of them together take no longer than one may.
                connection.settimeout(TIMEOUT / len(places))
                connection.connect(place)
                connection.settimeout(TIMEOUT)
                self._alarm = _Alarm(connection)
            except OSError as error:
                connection.close()
                if not left:
                    raise NewConnectionError(self, type(error).__name__) from error  # type: ignore[arg-type]
            else:
                break
        return connection

    def getresponse(self) -> Any:
        alarm = self._alarm
        answer = super().getresponse()  # type: ignore[misc]
        if alarm is not None and alarm.rang:
            # To the parser it looked like the end of the headers.
            raise TimeoutError
        return answer

    def close(self) -> None:
        alarm, self._alarm = self._alarm, None
        if alarm is not None:
            alarm.off()
        super().close()  # type: ignore[misc]


class _Plain(_Checked, HTTPConnection):
    pass


class _Secure(_Checked, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class _Adapter(HTTPAdapter):
    """`requests`' own, over connections that are checked."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
