"""Sign a post, so that its receiver knows that it is ours, whole and fresh."""

import hashlib
import hmac
from collections.abc import Sequence


def sign(*, body: bytes, secrets: Sequence[str], at: int) -> str:
    """`t=1700000000,v1=…`: the moment in seconds since the epoch, and for each secret the HMAC-SHA256 of
    `moment.body` in hexadecimal."""
    signed = f"{at}.".encode() + body
    marks = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={at}", *(f"v1={mark}" for mark in marks)])
