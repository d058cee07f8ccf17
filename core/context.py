"""What the work under way is about: ids that every log line of a request or a task carries.

A request's are kept as they become known; a task's begin with those of the request that queued it. Only ids, names of
ours and numbers belong here: they go into every line, and to the error tracker.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest
from django.utils.functional import LazyObject, empty

Fact = str | int | float

_facts: ContextVar[dict[str, Fact] | None] = ContextVar("facts", default=None)
_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


@contextmanager
def about(**facts: Fact) -> Iterator[None]:
    """Inside, what is known is about these too. What is bound inside is forgotten at the end."""
    token = _facts.set({**(_facts.get() or {}), **facts})
    try:
        yield
    finally:
        _facts.reset(token)


def bind(**facts: Fact) -> None:
    """Something became known about the work under way; nothing happens outside of any."""
    known = _facts.get()
    if known is not None:
        known.update(facts)


@contextmanager
def about_request(asked: HttpRequest, request_id: str) -> Iterator[None]:
    """Inside, the work is the request `asked`; who sent it is looked up when a line is written, and costs no query."""
    facts, mine = _facts.set({"request_id": request_id}), _request.set(asked)
    asked.shop_request_id = request_id  # type: ignore[attr-defined]  # Django has a line of its own to say afterwards
    try:
        yield
    finally:
        _facts.reset(facts)
        _request.reset(mine)


def known(asked: HttpRequest | None = None) -> dict[str, Fact]:
    """Everything that is known by now: a table of one's own. `asked` is a request that a line names by itself."""
    facts = dict(_facts.get() or {})
    asked = _request.get() or asked
    if asked is not None:
        if "request_id" not in facts and hasattr(asked, "shop_request_id"):
            facts["request_id"] = asked.shop_request_id
        facts.update(_people(asked))
    return facts


def request() -> HttpRequest | None:
    """The request under way; None in a task or a command."""
    return _request.get()


def handed_on() -> dict[str, Fact]:
    """What a task that is queued now should know of whoever queued it."""
    return {name: value for name, value in known().items() if name in ("request_id", "customer_id", "staff_id")}


def route_of(asked: HttpRequest) -> str:
    """The pattern of a request's address, never the address: resets, links of e-mails and bots' keys stand in those.

    An address that leads nowhere is told by its first part, since a mistyped secret is one all the same.
    """
    match = asked.resolver_match
    if match is not None:
        return f"/{match.route}"
    first, more = asked.path_info.lstrip("/").partition("/")[::2]
    return f"/{first[:40]}{'/…' if more or len(first) > 40 else ''}"


def _people(asked: HttpRequest) -> Mapping[str, Fact]:
    """The ids of who asks, as far as somebody has looked: staff, customers, or staff who look as a customer."""
    user, operator = _looked_up(asked, "user"), _looked_up(asked, "operator")
    found = {}
    for person, looks_as in ((user, operator is not None), (operator, False)):
        pk = getattr(person, "pk", None)
        if pk is not None:
            found["staff_id" if getattr(person, "is_staff", False) and not looks_as else "customer_id"] = pk
    return found


def _looked_up(asked: HttpRequest, name: str) -> object:
    person = asked.__dict__.get(name)
    if isinstance(person, LazyObject) and person.__dict__.get("_wrapped") is empty:
        return None
    return person
