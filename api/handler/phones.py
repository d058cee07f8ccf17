"""Phones and moments as the protocol writes them."""

import re
from datetime import UTC, datetime

from sms.models import Number


def digits(number: Number) -> str:
    """`12025550143`: the phone with its country's code, no `+`; as the vendor wrote it where that can't be read."""
    return re.sub(r"[^0-9]", "", number.e164 or number.phone)


def moment(at: datetime) -> str:
    """`2030-01-31 09:05:59`, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
