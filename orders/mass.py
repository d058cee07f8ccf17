"""Many orders as lines of text: read, and checked against the catalogue and the balance. Places nothing.

A line is `service | link | quantity`, or `service | quantity` for a product; tabs, commas and semicolons do as well,
as spreadsheets write them. Whatever is in a line, it stays a line: one that can't be read says why.
"""

import contextlib
import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from catalog import blocked
from catalog.models import Service
from catalog.pricing import Quote
from catalog.search import on_shelf
from catalog.terms import Terms
from conduct import watch
from conduct.models import Block
from conduct.watch import Watch
from core.money import ZERO
from core.once import once_key
from orders import place, states
from orders.models import Order
from wallet import ledger

MOST_LINES = 1000
MOST_BYTES = 1_000_000
LONGEST_LINE = 2000
# What stands between the cells of a line, the surest first.
SEPARATORS = ("|", "\t", ";", ",")
_AFTER_NUMBER = re.compile(r'\s*"?\s*#?\s*[0-9]+\s*"?\s*([|\t;,])', re.ASCII)
_NEW_LINE = re.compile(r"\r\n|\r|\n")
_HEADINGS = {"service", "service id", "service_id", "service number", "id", "服务", "服务编号"}


class TooMuch(ValueError):
    """More than one mass order takes; says so to the customer."""


# ── Reading ────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Line:
    """One line as it was written. It can be ordered where `problem` is empty and it is no heading."""

    number: int
    """Its place among the lines that have anything in them, from 1."""
    text: str
    service_id: int = 0
    link: str = ""
    quantity: int = 0
    problem: str = ""
    heading: bool = False

    @property
    def wish(self) -> str:
        """What the line asks for, as a short text that is the same for the same wish."""
        wish = "\x1f".join([str(self.service_id), self.link, str(self.quantity)])
        return hashlib.blake2s(wish.encode(errors="replace"), digest_size=10).hexdigest()


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, with or without the mark that Windows puts first. Raises `TooMuch`, `ValueError`."""
    if len(data) > MOST_BYTES:
        raise TooMuch(_("The file is too large: at most 1 MB."))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(_("The file is no UTF-8 text: save it as “CSV UTF-8”.")) from None


def read(text: str) -> list[Line]:
    """The lines that have anything in them. Raises `TooMuch`."""
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise TooMuch(_("This is too much text: at most 1 MB."))
    rows = [row for row in _NEW_LINE.split(text) if row.strip()]
    if len(rows) > MOST_LINES:
        raise TooMuch(
            _("These are %(count)s lines; at most %(most)s go at once. Nothing was ordered: send them in parts.")
            % {"count": f"{len(rows):,}", "most": f"{MOST_LINES:,}"}
        )
    return [_read_line(number, row) for number, row in enumerate(rows, 1)]


def _read_line(number: int, text: str) -> Line:
    if len(text) > LONGEST_LINE:
        return Line(number, text, problem=_("The line is too long."))
    cells, separator = _cells(text)
    if number == 1 and cells[0].casefold() in _HEADINGS:
        return Line(number, text, heading=True)
    if len(cells) < 2:
        return Line(number, text, problem=_("Write it as service | link | quantity."))
    service_id, quantity = _whole(cells[0].removeprefix("#").strip()), _whole(cells[-1])
    problem = ""
    if service_id is None:
        problem = _("“%(text)s” is no number of a service.") % {"text": cells[0][:40]}
    elif quantity is None:
        problem = _("“%(text)s” is no quantity: write a whole number without separators.") % {"text": cells[-1][:40]}
    # A link may have the separator in it.
    link = separator.join(cells[1:-1]).strip()
    return Line(number, text, service_id or 0, link, quantity or 0, problem)


def _cells(text: str) -> tuple[list[str], str]:
    """The cells of a line without space around them, and what stood between them."""
    told = _AFTER_NUMBER.match(text)
    separator = told[1] if told else next((each for each in SEPARATORS if each in text), "|")
    cells = text.split(separator)
    if separator != "|" and '"' in text:
        with contextlib.suppress(csv.Error):  # no cells as a spreadsheet writes them: as they stand
            cells = next(csv.reader([text], delimiter=separator, strict=True), cells)
    cells = [cell.strip() for cell in cells]
    # A spreadsheet writes its empty columns too.
    while len(cells) > 1 and not cells[-1]:
        cells.pop()
    return cells, separator


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


# ── Checking ───────────────────────────────────────────────────────────────────────────────────────
@dataclass
class Row:
    """A line with what the shop makes of it. Money is USD."""

    line: Line
    key: str = ""
    """The order's idempotency key: the same line of the same form is the same order."""
    service: Service | None = None
    link: str = ""
    quote: Quote | None = None
    problem: str = ""
    block: Block | None = None
    """Why the shop does not sell it, where its rules say so."""
    warnings: list[str] = field(default_factory=list)
    order: Order | None = None
    """The order that it has become already."""

    @property
    def good(self) -> bool:
        """It can be ordered now."""
        return self.quote is not None and not self.problem and self.order is None

    @property
    def agreement(self) -> str:
        """What the customer says yes to, beside the price: a service and how many of it."""
        return f"{self.line.service_id}x{self.line.quantity}"


@dataclass(frozen=True)
class Sheet:
    """The checked lines, and what they come to. Money is USD."""

    rows: list[Row]
    available: Decimal

    @property
    def good(self) -> list[Row]:
        """What can be ordered now."""
        return [row for row in self.rows if row.good]

    @property
    def bad(self) -> list[Row]:
        """What can't, each with its reason."""
        return [row for row in self.rows if row.problem]

    @property
    def total(self) -> Decimal:
        """What the good lines cost together."""
        return sum((row.quote.charge for row in self.good if row.quote), ZERO)

    @property
    def after(self) -> Decimal:
        """What the balance would be then; below zero where it is too small."""
        return self.available - self.total

    @property
    def covered(self) -> int:
        """How many of the good lines the balance is enough for, from the first."""
        left, count = self.available, 0
        for row in self.good:
            left -= row.quote.charge if row.quote else ZERO
            if left < ZERO:
                break
            count += 1
        return count


def digest(lines: Iterable[Line]) -> str:
    """Changes when any line does, wherever the lines break."""
    return hashlib.blake2s("\n".join(line.text for line in lines).encode(errors="replace"), digest_size=16).hexdigest()


def check(*, customer: User, lines: Sequence[Line], form_key: str, done: Mapping[str, int]) -> Sheet:
    """Check every line, in a number of queries that does not grow with them.

    `done` says how many orders of a wish this form has placed and taken out of its lines: a line that is left is the
    next one. Lines that it has placed and that are still there are found again, whatever became of their service.
    """
    rows = _rows(lines, form_key, done)
    services = on_shelf().in_bulk({row.line.service_id for row in rows if not row.line.problem})
    keys = [row.key for row in rows if row.key]
    placed = {order.form_key: order for order in Order.objects.filter(customer=customer, form_key__in=keys)}
    terms = Terms.of(customer)
    terms.learn(services.values())
    watched = watch.now()
    away = {row.line.service_id for row in rows if row.key} - services.keys()
    blocks = blocked.reasons(away) if away else {}
    for row in rows:
        row.order = placed.get(row.key) if row.key else None
        row.service = services.get(row.line.service_id)
        if row.key and row.order is None:
            _check_row(row, terms, watched, blocks)
    _warn(rows, customer)
    return Sheet(rows, ledger.account_of(customer).available)


def _rows(lines: Iterable[Line], form_key: str, done: Mapping[str, int]) -> list[Row]:
    seen = Counter(done)
    rows = []
    for line in lines:
        row = Row(line, problem=line.problem)
        if not line.problem and not line.heading:
            row.key = once_key(form_key, line.wish, seen[line.wish])
            seen[line.wish] += 1
        rows.append(row)
    return rows


def _check_row(row: Row, terms: Terms, watched: Watch, blocks: Mapping[int, Block]) -> None:
    if row.service is None and row.line.service_id in blocks:
        row.block = blocks[row.line.service_id]
        row.problem = row.block.words
        return
    if row.service is None:
        row.problem = _("There is no service %(number)s on sale.") % {"number": row.line.service_id}
        return
    try:
        row.link, row.quote = place.check(
            terms=terms, service=row.service, quantity=row.line.quantity, link=row.line.link, watched=watched
        )
    except place.CantPlace as error:
        if isinstance(error, place.NotAllowed):
            row.block = error.block
        row.problem = " ".join(error.errors.values())


def _warn(rows: Sequence[Row], customer: User) -> None:
    """Say what may not be meant: the same link twice, here or in an order that is under way; more than there is."""
    good = [row for row in rows if row.good]
    times = Counter((row.line.service_id, row.link) for row in good if row.link)
    links = {row.link for row in good if row.link}
    under_way: dict[tuple[int, str], int] = {}
    if links:
        running = Order.objects.filter(customer=customer, state__in=states.OPEN, link__in=links).order_by("pk")
        for pk, service_id, link in running.values_list("pk", "service_id", "link"):
            under_way[service_id, link] = pk
    wanted: Counter[int] = Counter()
    for row in good:
        wish = (row.line.service_id, row.link)
        wanted[row.line.service_id] += row.line.quantity
        if times[wish] > 1:
            row.warnings.append(
                ngettext(
                    "This service and link stand in %(count)d line.",
                    "This service and link stand in %(count)d lines.",
                    times[wish],
                )
                % {"count": times[wish]}
            )
        if wish in under_way:
            row.warnings.append(
                _("Order %(number)s for this service and link is under way.") % {"number": under_way[wish]}
            )
        stock = row.service.stock if row.service else None
        if stock is not None and row.line.quantity < wanted[row.line.service_id] > stock:
            row.warnings.append(
                _("With the lines before, this is more than the %(stock)s in stock.") % {"stock": f"{stock:,}"}
            )
