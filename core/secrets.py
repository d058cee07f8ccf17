"""Secrets at rest: a text field that is ciphertext in the database.

Keys come from FIELD_ENCRYPTION_KEYS, the newest first: it encrypts, all of them decrypt, so a key is
rotated by putting a new one in front.
"""

import functools
import hashlib
import hmac
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

# What every ciphertext begins with: the version, and years of the time in it.
CIPHERTEXT = "gAAAA"


@functools.lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """Ciphertext (URL-safe base64) of `text` under the newest key."""
    return _box(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def renewed(token: str) -> str | None:
    """`token` encrypted anew under the newest key; None when it is under that one already.

    Raises `cryptography.fernet.InvalidToken` when no key fits.
    """
    keys = tuple(settings.FIELD_ENCRYPTION_KEYS)
    try:
        _box(keys[:1]).decrypt(token.encode())
    except InvalidToken:
        return _box(keys).rotate(token.encode()).decode()
    return None


def decrypt(token: str) -> str:
    """The text behind `token`; raises `cryptography.fernet.InvalidToken` when no key fits."""
    return _box(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(token.encode()).decode()


def fingerprint(text: str) -> str:
    """A keyed digest of a secret text: finds the same text again without reading it."""
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


class EncryptedTextField(models.TextField):
    """Plain text in Python, ciphertext in the database. Can't be searched: keep a `fingerprint` beside it."""

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        return None if value is None else decrypt(value)

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else encrypt(str(value))

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise TypeError("an encrypted field can't be searched")
        return super().get_lookup(lookup_name)
