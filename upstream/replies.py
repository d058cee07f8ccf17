"""What the vendor's answers look like, and their strict decoding.

Numbers come as strings or as numbers, at will; unknown extra fields appear; what we need must be there and
right (docs/upstream.md, "Silences and surprises", 4). Nothing here talks to anybody: bytes in, types out.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

from core.money import LARGEST

Name = Annotated[str, msgspec.Meta(max_length=1000)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Number = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class Malformed(ValueError):
    """An answer that is not what the contract says; the message says where."""


def _is_amount(value: Decimal) -> bool:
    """Whether a decimal can be an amount in USD: no NaN, no infinity, nothing below zero or beyond reason."""
    return value.is_finite() and 0 <= value <= LARGEST


def _check_amount(name: str, value: Decimal) -> None:
    if not _is_amount(value):
        raise ValueError(f"{name} {value} is no amount")


class Category(msgspec.Struct, frozen=True):
    """One category and the names of its subcategories."""

    category: Name
    subcategories: list[Name] = []


class Service(
    msgspec.Struct,
    frozen=True,
    rename={"entity_type": "entityType", "auto_delivery": "autoDelivery"},
):
    """A row of `services`. `rate` is USD per rate unit (ruling 2)."""

    service: Number
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    category: Name
    rate: Decimal
    min: Count
    max: Count
    entity_type: Literal["smm", "product"]
    type: str | None = "Default"
    refill: bool | None = False
    cancel: bool | None = False
    stock: Count | None = None
    auto_delivery: bool | None = True

    def __post_init__(self) -> None:
        _check_amount("rate", self.rate)
        if self.rate == 0:
            raise ValueError("rate is zero")
        if not max(self.min, 1) <= self.max:
            raise ValueError(f"min {self.min} and max {self.max} leave nothing to order")


class Inventory(msgspec.Struct, frozen=True):
    """How much of one service can be bought right now."""

    service: Number
    stock: Count
    available: bool


class Added(msgspec.Struct, frozen=True):
    """The vendor took the order under this number."""

    order: Number


class Status(msgspec.Struct, frozen=True, rename={"auto_delivery": "autoDelivery"}):
    """How an order stands. `remains` and `charge` may be missing or odd (ruling 6)."""

    status: Name
    charge: Decimal | None = None
    start_count: int | None = None
    remains: int | None = None
    currency: str | None = None
    auto_delivery: bool | None = None
    accounts: list[str] | None = None

    def __post_init__(self) -> None:
        # An odd charge says nothing, but the rest of the answer still does.
        if self.charge is not None and not _is_amount(self.charge):
            msgspec.structs.force_setattr(self, "charge", None)


class Balance(msgspec.Struct, frozen=True):
    """The operator's prepaid balance with the vendor, in USD."""

    balance: Decimal
    currency: str

    def __post_init__(self) -> None:
        # It may be below zero where the vendor gives credit.
        _check_amount("balance", abs(self.balance))


class SmsProject(msgspec.Struct, frozen=True):
    """A project (a site that sends codes) in one country."""

    project_id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    price: Decimal
    country_id: Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
    country_title: str | None = None

    def __post_init__(self) -> None:
        _check_amount("price", self.price)


class SmsCountry(msgspec.Struct, frozen=True):
    """A country; its code may be a dial code (ruling 7)."""

    country_code: Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
    country_name: Name


class SmsOrder(msgspec.Struct, frozen=True):
    """One number the vendor gave us."""

    order: Number
    phone: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    country: str | None = None
    status: str | None = None


class SmsCode(msgspec.Struct, frozen=True):
    """Whether a code came, and the whole message."""

    status: Name
    code: str | None = None
    sms_content: str | None = None
    message: str | None = None


class SmsStatus(msgspec.Struct, frozen=True):
    """How a number stands. `expires_at` may be missing (ruling 7)."""

    status: Name
    phone: str | None = None
    code: str | None = None
    charge: Decimal | None = None
    currency: str | None = None
    expires_at: datetime | None = None


class _Error(msgspec.Struct, frozen=True):
    error: Any = None


class _Categories(msgspec.Struct, frozen=True):
    categories: list[Category]


class _Services(msgspec.Struct, frozen=True):
    services: list[Service]


class _ServiceRows(msgspec.Struct, frozen=True):
    services: list[msgspec.Raw]


class _SmsOrders(msgspec.Struct, frozen=True):
    orders: list[SmsOrder]


T = TypeVar("T")


class SkippedRow(msgspec.Struct, frozen=True):
    """A row that could not be read: what it was about, as far as it says, and why it was skipped."""

    id: int | str | None
    why: str


class Rows(msgspec.Struct, Generic[T], frozen=True):
    """The good rows of a list, and the bad ones."""

    good: list[T]
    skipped: list[SkippedRow]


def tidy(text: str) -> str:
    """One line of printable text: control characters become spaces, and NUL (which PostgreSQL refuses) goes."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def decode(body: bytes, kind: type[T]) -> T:
    """Read `body` as `kind`. Raises `Malformed` with the path in the JSON where it is not."""
    try:
        return msgspec.json.decode(body, type=kind, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"{kind.__name__}: {error}") from None


def error_of(body: bytes) -> str | None:
    """The vendor's own words when the answer is `{"error": …}`, else None. A null or empty error is none."""
    if not body.lstrip().startswith(b"{"):
        return None
    try:
        error = msgspec.json.decode(body, type=_Error).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if error in (None, "", False, [], {}):
        return None
    return error if isinstance(error, str) else msgspec.json.encode(error).decode()


def categories(body: bytes) -> list[Category]:
    """Read a `categories` answer."""
    return decode(body, _Categories).categories


def services(body: bytes) -> Rows[Service]:
    """Read a `services` answer, keeping the good rows when some are bad (ruling 4)."""
    try:
        return Rows(good=decode(body, _Services).services, skipped=[])
    except Malformed:
        return _rows(decode(body, _ServiceRows).services, Service, id_of=lambda row: decode(row, _ServiceId).service)


def sms_projects(body: bytes) -> Rows[SmsProject]:
    """Read an `sms_projects` answer, keeping the good rows when some are bad."""
    try:
        return Rows(good=decode(body, list[SmsProject]), skipped=[])
    except Malformed:
        rows = decode(body, list[msgspec.Raw])
        return _rows(rows, SmsProject, id_of=lambda row: decode(row, _ProjectId).project_id)


class _ServiceId(msgspec.Struct, frozen=True):
    service: Number


class _ProjectId(msgspec.Struct, frozen=True):
    project_id: str


def _rows(rows: list[msgspec.Raw], kind: type[T], *, id_of: Callable[[bytes], int | str]) -> Rows[T]:
    good: list[T] = []
    skipped: list[SkippedRow] = []
    for position, raw in enumerate(rows):
        row = bytes(raw)
        try:
            good.append(decode(row, kind))
        except Malformed as error:
            try:
                known: int | str | None = id_of(row)
            except Malformed:
                known = None
            skipped.append(SkippedRow(id=known, why=f"row {position}: {error}"))
    return Rows(good=good, skipped=skipped)


def sms_orders(body: bytes) -> list[SmsOrder]:
    """Read an `add_sms` answer."""
    return decode(body, _SmsOrders).orders


def has_purchase(body: bytes) -> bool:
    """Whether an answer speaks of an order, whatever else it says."""
    for kind in (Added, _SmsOrders):
        try:
            decode(body, kind)
        except Malformed:
            continue
        return True
    return False
