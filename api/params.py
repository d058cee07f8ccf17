"""What a request asks for, decoded in one place: form, multipart or JSON, all to one table of texts."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

from api.refusals import POST_ONLY, UNREADABLE, Refusal

MOST_IDS = 100
_WHOLE = re.compile(r"[0-9]{1,18}\Z", re.ASCII)
# What a body that is no form and no JSON, or too large, makes its readers raise.
_BROKEN = (
    BadRequest,
    SuspiciousOperation,
    MultiPartParserError,
    UnreadablePostError,
    msgspec.MsgspecError,
    ValueError,
    RecursionError,
)


class Params:
    """The parameters of a request by name. A missing one is an empty text."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        """The text, without space around it. Raises `Refusal` for one that no database can keep."""
        text = self._values.get(name, "").strip()
        # Neither NUL nor half a character pair is text to PostgreSQL.
        if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
            raise Refusal(f"{name} has characters in it that are not allowed")
        return text

    def number(self, name: str) -> int | None:
        """A whole number from 0 of at most 18 digits; None for anything else."""
        return as_number(self._values.get(name, "").strip())

    def ids(self, name: str) -> list[str]:
        """`1,10,100` as texts, each once, in order. Raises `Refusal` when they are too many."""
        ids = list(dict.fromkeys(part.strip() for part in self.text(name).split(",") if part.strip()))
        if len(ids) > MOST_IDS:
            raise Refusal(f"At most {MOST_IDS} at a time")
        return ids


def as_number(text: str) -> int | None:
    """A whole number from 0 of at most 18 digits; None for anything else."""
    return int(text) if _WHOLE.match(text) else None


def whole(request: HttpRequest) -> None:
    """Refuse a body that no request here needs. Raises `Refusal`.

    Files in a form would be written to the disk before anybody asked for a key; of a body without a length nothing
    is read, and half of it would be missing.
    """
    length = request.META.get("CONTENT_LENGTH") or "0"
    too_long = not length.isdecimal() or len(length) > 15 or int(length) > (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)
    if too_long or "HTTP_TRANSFER_ENCODING" in request.META:
        raise Refusal(UNREADABLE)


def decode(request: HttpRequest) -> Params:
    """The parameters of a request. Raises `Refusal`."""
    if request.method == "GET" and settings.API_ALLOW_GET:
        return Params(request.GET.dict())
    if request.method != "POST":
        raise Refusal(POST_ONLY)
    whole(request)
    try:
        if request.content_type == "application/json":
            return Params(_from_json(request.body))
        return Params(request.POST.dict())
    except _BROKEN:
        raise Refusal(UNREADABLE) from None


def _from_json(body: bytes) -> dict[str, str]:
    given = msgspec.json.decode(body, type=dict[str, Any])
    return {name: text for name, value in given.items() if (text := _as_text(value)) is not None}


def _as_text(value: Any) -> str | None:
    """A value of JSON as a form would have it; None for null. Raises `ValueError` for what no form can say."""
    match value:
        case None | str():
            return value
        case bool():
            return "1" if value else "0"
        case int():
            return str(value)
        case float() if value.is_integer() and abs(value) < 2**53:
            return str(int(value))
        case float():
            return str(value)
        case list():
            return ",".join(_as_text(each) or "" for each in value if not isinstance(each, list | dict))
    raise ValueError("a table inside a table")
