"""What the vendor's answers look like, and their strict decoding.

Numbers come as strings or as numbers, at will, and the other way round; unknown extra fields appear. What we need
must be there and right; what only helps may be odd, and is then as good as missing (docs/upstream.md, "Silences and
surprises", 4). Nothing here talks to anybody: bytes in, types out.
"""

import functools
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar

import msgspec

from core.money import LARGEST, MICRO, round_up

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
Name = Annotated[str, msgspec.Meta(max_length=1000)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Number = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]

# Fields that are read leniently: anything may come in, and `__post_init__` makes of it what is declared here.
if TYPE_CHECKING:
    LooseText = str
    MaybeText = str | None
    MaybeTexts = list[str] | None
    MaybeWhole = int | None
    MaybeAmount = Decimal | None
    MaybeMoment = datetime | None
else:
    LooseText = MaybeText = MaybeTexts = MaybeWhole = MaybeAmount = MaybeMoment = Any


class Malformed(ValueError):
    """An answer that is not what the contract says; the message says where."""


def _is_amount(value: Decimal) -> bool:
    """Whether a decimal can be an amount in USD: no NaN, no infinity, nothing below zero or beyond reason."""
    return value.is_finite() and 0 <= value <= LARGEST


def _check_amount(name: str, value: Decimal) -> None:
    if not _is_amount(value):
        raise ValueError(f"{name} {value} is no amount")


_WHOLE = re.compile(r"[+-]?[0-9]{1,30}(\.0+)?\Z", re.ASCII)


def _text(value: Any) -> str | None:
    """Text, or a number as text; nothing for null. Whatever else it is, it is not lost: its JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return msgspec.json.encode(value).decode()


def _needed(name: str, value: Any, most: int) -> str:
    """Text that must be there: one printable line of at most `most` characters."""
    text = tidy(_text(value) or "")
    if not 0 < len(text) <= most:
        raise ValueError(f"{name} has {len(text)} characters, not 1 to {most}")
    return text


def _whole(value: Any) -> int | None:
    """A whole number, as number or text; nothing for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    text = str(value).strip()
    return int(text.split(".")[0]) if _WHOLE.match(text) else None


def _amount(value: Any) -> Decimal | None:
    """USD, with a fraction of a micro as the next micro up; nothing for what is no amount."""
    if value is None or isinstance(value, bool):
        return None
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return round_up(amount, MICRO) if _is_amount(amount) else None


def _moment(value: Any) -> datetime | None:
    """A moment with its zone; nothing for anything else."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else None


_set = msgspec.structs.force_setattr


class Category(msgspec.Struct, frozen=True):
    """One category and the names of its subcategories."""

    category: Name
    subcategories: list[Name] | None = None


class Service(
    msgspec.Struct,
    frozen=True,
    # Nothing in it leads anywhere: a hundred thousand of them are not to be looked through again and again.
    gc=False,
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


class Status(msgspec.Struct, frozen=True):
    """How an order stands. Everything but the status itself may be missing or odd (ruling 6)."""

    status: Name
    charge: MaybeAmount = None
    start_count: MaybeWhole = None
    remains: MaybeWhole = None
    accounts: MaybeTexts = None

    def __post_init__(self) -> None:
        _set(self, "charge", _amount(self.charge))
        _set(self, "start_count", _whole(self.start_count))
        _set(self, "remains", _whole(self.remains))
        accounts = [self.accounts] if isinstance(self.accounts, str) and self.accounts else self.accounts
        texts = [_text(one) for one in accounts] if isinstance(accounts, list) else None
        _set(self, "accounts", None if texts is None else [text for text in texts if text is not None])


class Balance(msgspec.Struct, frozen=True):
    """The operator's prepaid balance with the vendor, in USD."""

    balance: Decimal
    currency: str

    def __post_init__(self) -> None:
        # It may be below zero where the vendor gives credit.
        _check_amount("balance", abs(self.balance))


class SmsProject(msgspec.Struct, frozen=True):
    """A project (a site that sends codes) in one country."""

    project_id: LooseText
    name: LooseText
    price: Decimal
    country_id: LooseText
    country_title: MaybeText = None

    def __post_init__(self) -> None:
        _check_amount("price", self.price)
        if self.price == 0:
            raise ValueError("price is zero")
        # The id goes back to the vendor as it came, so it may hold nothing that we would have to take out.
        if _needed("project_id", self.project_id, 200) != _text(self.project_id):
            raise ValueError("project_id is not printable")
        _set(self, "project_id", _text(self.project_id))
        _set(self, "name", _needed("name", self.name, 200))
        _set(self, "country_id", _needed("country_id", self.country_id, 50))
        _set(self, "country_title", tidy(_text(self.country_title) or "")[:200] or None)


class SmsCountry(msgspec.Struct, frozen=True):
    """A country; its code may be a dial code (ruling 7)."""

    country_code: LooseText
    country_name: LooseText

    def __post_init__(self) -> None:
        _set(self, "country_code", _needed("country_code", self.country_code, 50))
        _set(self, "country_name", _needed("country_name", self.country_name, 200))


class SmsOrder(msgspec.Struct, frozen=True):
    """One number the vendor gave us."""

    order: Number
    phone: LooseText

    def __post_init__(self) -> None:
        _set(self, "phone", _needed("phone", self.phone, 60))


class SmsCode(msgspec.Struct, frozen=True):
    """Whether a code came, and the whole message."""

    status: Name
    code: MaybeText = None
    sms_content: MaybeText = None

    def __post_init__(self) -> None:
        _set(self, "code", _text(self.code))
        _set(self, "sms_content", _text(self.sms_content))


class SmsStatus(msgspec.Struct, frozen=True):
    """How a number stands. Everything but the status itself may be missing or odd (ruling 7)."""

    status: Name
    code: MaybeText = None
    charge: MaybeAmount = None
    expires_at: MaybeMoment = None

    def __post_init__(self) -> None:
        _set(self, "code", _text(self.code))
        _set(self, "charge", _amount(self.charge))
        _set(self, "expires_at", _moment(self.expires_at))


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
    if text.isprintable():  # nearly every text is, and looking at it whole is quick
        return " ".join(text.split())
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


@functools.lru_cache(maxsize=64)
def _decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind, strict=False, float_hook=Decimal)


def decode(body: bytes, kind: type[T]) -> T:
    """Read `body` as `kind`. Raises `Malformed` with the path in the JSON where it is not."""
    try:
        readable: Any = kind
        decoded: T = _decoder(readable).decode(body.removeprefix(BYTE_ORDER_MARK))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"{getattr(kind, '__name__', kind)}: {error}") from None
    return decoded


def error_of(body: bytes) -> str | None:
    """The vendor's own words, on one line, when the answer is `{"error": …}`; else None. An empty error is none."""
    if not body.removeprefix(BYTE_ORDER_MARK).lstrip().startswith(b"{"):
        return None
    try:
        error = decode(body, _Error).error
    except Malformed:
        return None
    if error in (None, "", False, [], {}):
        return None
    return tidy(_text(error) or "")[:1000] or "an error without words"


def categories(body: bytes) -> list[Category]:
    """Read a `categories` answer."""
    return decode(body, _Categories).categories


def services(body: bytes) -> Rows[Service]:
    """Read a `services` answer, keeping the good rows when some are bad (ruling 4)."""
    try:
        return Rows(good=decode(body, _Services).services, skipped=[])
    except Malformed:
        return _rows(decode(body, _ServiceRows).services, Service, id_of=_id_of_service)


def service_rows(body: bytes) -> list[msgspec.Raw]:
    """The rows of a `services` answer as they came, each still to be read by `read_services`."""
    return decode(body, _ServiceRows).services


def read_services(rows: Mapping[int, msgspec.Raw]) -> tuple[dict[int, Service], dict[int, SkippedRow]]:
    """Read rows, by their places in the answer: the good ones, and the bad ones."""
    try:
        good = decode(b"[%b]" % b",".join(rows.values()), list[Service])
    except Malformed:
        good = []
    if len(good) == len(rows):
        return dict(zip(rows, good, strict=True)), {}
    read: dict[int, Service] = {}
    skipped: dict[int, SkippedRow] = {}
    for place, row in rows.items():
        answer = _rows([row], Service, id_of=_id_of_service, first=place)
        read.update((place, one) for one in answer.good)
        skipped.update((place, one) for one in answer.skipped)
    return read, skipped


def sms_countries(body: bytes) -> Rows[SmsCountry]:
    """Read an `sms_countries` answer, keeping the good rows when some are bad."""
    rows = decode(body, list[msgspec.Raw])
    return _rows(rows, SmsCountry, id_of=lambda row: decode(row, SmsCountry).country_code)


def sms_projects(body: bytes) -> Rows[SmsProject]:
    """Read an `sms_projects` answer, keeping the good rows when some are bad."""
    try:
        return Rows(good=decode(body, list[SmsProject]), skipped=[])
    except Malformed:
        rows = decode(body, list[msgspec.Raw])
        return _rows(rows, SmsProject, id_of=lambda row: decode(row, _ProjectId).project_id)


class _ServiceId(msgspec.Struct, frozen=True):
    service: Number


def _id_of_service(row: bytes) -> int:
    return decode(row, _ServiceId).service


class _ProjectId(msgspec.Struct, frozen=True):
    project_id: LooseText

    def __post_init__(self) -> None:
        _set(self, "project_id", _needed("project_id", self.project_id, 200))


def _rows(rows: list[msgspec.Raw], kind: type[T], *, id_of: Callable[[bytes], int | str], first: int = 0) -> Rows[T]:
    good: list[T] = []
    skipped: list[SkippedRow] = []
    for position, raw in enumerate(rows, first):
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
