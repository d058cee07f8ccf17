"""A form that is sent twice is one purchase; the same form with something else in it is another."""

import hashlib
import uuid

_FRESH = "new:"


def once_key(form_key: str, *values: object) -> str:
    """The idempotency key of a form as it was filled in: 64 characters.

    A page that the browser brings back from its history still has its `form_key`; only a resend of the very same
    values must be harmless.
    """
    return hashlib.sha256("\x1f".join([form_key, *map(str, values)]).encode(errors="replace")).hexdigest()


def fresh_key() -> str:
    """A key for a purchase whose customer gave none: it is found by it after a fault, and nobody can repeat it."""
    return f"{_FRESH}{uuid.uuid4().hex}"


def is_fresh(form_key: str) -> bool:
    """Whether the key was made just now, so that nothing stands for it yet."""
    return form_key.startswith(_FRESH)
