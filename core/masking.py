"""What no log line and no report of an error may say: secrets, wherever they stand in a text."""

import functools
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from django.conf import settings

HIDDEN = "[hidden]"

# Settings with such names hold secrets, those that are yet to come as well.
_SECRET_SETTING = re.compile(r"(^|_)(KEYS?|SECRET|TOKEN|PASSWORD|DSN)$")
# A shorter text is no secret, and stands in other words.
_SHORTEST = 6
_SECRET_NAME = re.compile(
    r"(?i)(^|[^a-z]|api|access|private)(keys?|token|secret|password|passwd|passphrase|authorization|cookies?|"
    r"sessionid|csrftoken|credentials?|signature|dsn)$|^(code|otp)$"
)
# Each begins at a word or sign that is rare and looks a bounded way ahead: a text of others must not take seconds.
# `token=…` and `"password": "…"` as they stand in addresses, headers and tables that were printed.
_NAMED = re.compile(
    r"""(?ix) (?P<name> key|token|secret|password|passwd|authorization|cookie|sessionid|signature )
        (?P<between> ["']? \s{0,2} = \s{0,2} ["']? | ["'] \s{0,2} [:,] \s{0,2} b?["'] )
        (?P<value> [^\s"'&;,)>]+ )"""
)
_HEADER = re.compile(r"(?i)(?P<name>authorization|cookie|password|token)(?P<between>:\s{1,2})(?P<value>[^\s\"']+)")
_SCHEME = re.compile(r"(?i)\b(?P<name>bearer|basic)(?P<between>\s{1,2})(?P<value>[\w.~+/=-]{8,})")
# `://user:password@`
_IN_ADDRESS = re.compile(r"(?P<name>:)(?P<between>//)(?P<value>[^/\s@:]{0,200}:[^/\s@]{0,200})(?=@)")
_QUERY = re.compile(r"(?P<name>(?<=[\w/]))(?P<between>\?)(?P<value>[^\s\"'<>)]+)")

# People's addresses: lines name customers by their ids.
_E_MAIL = re.compile(r"[^\s@<>()\[\]\"',;:/=]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")


def hide(text: str) -> str:
    """The text without the values of secret settings, and else as it is: for people who may read all the rest."""
    for value in secret_values():
        if value in text:
            text = text.replace(value, HIDDEN)
    return text


def mask(text: str) -> str:
    """The text without its secrets: values of secret settings, what is named like one, queries, e-mail addresses."""
    text = hide(text)
    # Each pattern is tried only where a character of it stands: most lines have none.
    if "?" in text:
        text = _QUERY.sub(_hide, text)
    if "@" in text:
        text = _E_MAIL.sub(HIDDEN, _IN_ADDRESS.sub(_hide, text))
    if "=" in text or '"' in text or "'" in text:
        text = _NAMED.sub(_hide, text)
    lower = text.lower()
    if "bearer" in lower or "basic" in lower:
        text = _SCHEME.sub(_hide, text)
    if ": " in text and any(word in lower for word in ("authorization", "cookie", "password", "token")):
        text = _HEADER.sub(_hide, text)
    return text


def masked(value: Any, name: str = "") -> Any:
    """`mask` through a whole table, list or text; what stands under a secret's name is hidden whatever it is."""
    if name and value not in (None, "", {}, []) and _is_secret(name):
        return HIDDEN
    match value:
        case str():
            return mask(value)
        case dict():
            return {key: masked(each, str(key)) for key, each in value.items()}
        case list() | tuple():
            return [masked(each) for each in value]
        case bytes():
            return f"{len(value)} bytes"
        case _:
            return value


@functools.lru_cache(maxsize=1000)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _hide(found: "re.Match[str]") -> str:
    return f"{found['name']}{found['between']}{HIDDEN}"


def secret_values() -> tuple[str, ...]:
    """Every secret that the settings hold, as it may be written in a text; the longest first."""
    return _spelt(tuple(_secrets()))


@functools.lru_cache(maxsize=4)
def _spelt(secrets: tuple[str, ...]) -> tuple[str, ...]:
    found = set()
    for value in secrets:
        if len(value) >= _SHORTEST:
            found |= {value, unquote(value), quote(value), quote(value, safe=""), quote_plus(value)}
            found |= {json.dumps(value)[1:-1], repr(value)[1:-1]}
    return tuple(sorted(found, key=lambda value: (-len(value), value)))


@functools.cache
def secret_settings() -> tuple[str, ...]:
    """The names of settings that hold secrets."""
    return tuple(name for name in dir(settings) if _SECRET_SETTING.search(name))


def _secrets() -> Iterator[str]:
    for name in secret_settings():
        value = getattr(settings, name, "")
        yield from (each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str))
    for database in settings.DATABASES.values():
        yield str(database.get("PASSWORD") or "")
    yield urlsplit(settings.CELERY_BROKER_URL).password or ""
    # The address is all that others need to post there.
    yield urlsplit(settings.ALERT_HOOK_URL).password or ""
    yield urlsplit(settings.ALERT_HOOK_URL).path.strip("/")
