"""Phone numbers and countries as people read them (docs/upstream.md, ruling 7)."""

import functools
import re

import phonenumbers
from babel import Locale, UnknownLocaleError
from django.db.models import Q
from django.utils.translation import get_language, to_locale


def region_of(code: str) -> str:
    """The ISO 3166 code behind a vendor's country code: `us`, `+93` and `93` are all in use. Empty when unclear."""
    text = code.strip().lstrip("+")
    if text.isascii() and text.isdigit():
        region = phonenumbers.region_code_for_country_code(int(text)) if len(text) < 5 else ""
        return region if region not in ("ZZ", "001") else ""
    upper = text.upper()
    if upper == "UK":
        return "GB"
    return upper if upper in phonenumbers.SUPPORTED_REGIONS else ""


def e164(phone: str, region: str) -> str:
    """The number in international form; a bare national number is read as one of `region`. Empty when unreadable."""
    # A national number first: “93…” may be the start of one as well as a dial code.
    for text in [phone] if phone.startswith("+") else [phone, f"+{phone}"]:
        try:
            number = phonenumbers.parse(text, region or None)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number) and _fits(number, region):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return ""


def _fits(number: phonenumbers.PhoneNumber, region: str) -> bool:
    """Whether a number is of the country it was sold for; without a country anything valid will do."""
    if not region:
        return bool(phonenumbers.is_valid_number(number))
    return number.country_code == phonenumbers.country_code_for_region(region)


def display(e164_number: str) -> str:
    """`+1 202-555-0143`: groups are easier to read and to type."""
    try:
        number = phonenumbers.parse(e164_number)
    except phonenumbers.NumberParseException:
        return e164_number
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def flag(region: str) -> str:
    """The country's flag as an emoji; empty without a region."""
    if len(region) != 2 or not region.isascii() or not region.isalpha():
        return ""
    return "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in region.upper())


def country_name(region: str, fallback: str) -> str:
    """The country's name in the reader's language, as far as it is known; else as the vendor wrote it."""
    return _names(to_locale(get_language() or "en")).get(region, fallback)


@functools.lru_cache(maxsize=16)
def _names(locale: str) -> dict[str, str]:
    try:
        return dict(Locale.parse(locale).territories)
    except (UnknownLocaleError, ValueError):
        return {}


# What a person may write between the digits of a phone.
_WRITTEN = re.compile(r"\+?[0-9 ().\-/]+", re.ASCII)


def like(text: str, *fields: str) -> Q | None:
    """What finds a phone in `fields`, however it is written here and there; None where `text` is no phone.

    A part of it will do, from five digits on, and so does one with the zeros of a trunk or an international call.
    """
    digits = re.sub(r"[^0-9]", "", text).lstrip("0")
    if not _WRITTEN.fullmatch(text.strip()) or not 5 <= len(digits) <= 20:
        return None
    found = Q()
    for field in fields:
        found |= Q(**{f"{field}__regex": "[^0-9]*".join(digits)})
    return found
