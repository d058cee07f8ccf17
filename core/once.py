"""A form that is sent twice is one purchase; the same form with something else in it is another."""

import hashlib


def once_key(form_key: str, *values: object) -> str:
    """The idempotency key of a form as it was filled in: 64 characters.

    A page that the browser brings back from its history still has its `form_key`; only a resend of the very same
    values must be harmless.
    """
    return hashlib.sha256("\x1f".join([form_key, *map(str, values)]).encode(errors="replace")).hexdigest()
