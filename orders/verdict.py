"""What the vendor's status of an order means. Pure: an answer in, a verdict out.

Rulings 5 and 6 of docs/upstream.md: a word we don't know never ends an order and never refunds; figures
beyond reason are clamped and flagged; nobody is paid out more than was charged.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from catalog.pricing import fits_cost
from orders.states import CANCELED, COMPLETED, PARTIAL, RUNNING

_WAITING = {"pending", "queued", "accepted"}
_WORKING = {"in progress", "inprogress", "processing", "active"}
_COMPLETED = {"completed", "complete"}
_PARTIAL = {"partial", "partially completed", "partially delivered"}
_CANCELED = {"canceled", "cancelled", "refunded"}
_FAILED = {"error", "fail", "failed"}

# Goods of a finished order may come a little later than its status; after this it is what it is.
LATE_GOODS = timedelta(hours=1)
# A partly delivered product may still be filled up by hand, as long as the vendor keeps our money.
LATE_REST = timedelta(hours=24)


@dataclass(frozen=True)
class Report:
    """One status answer, beside what we know of the order. Money is USD."""

    word: str
    product: bool
    quantity: int
    remains: int | None
    items: int
    charge: Decimal | None
    cost: Decimal
    # How long nothing new has been seen.
    quiet_for: timedelta


@dataclass(frozen=True)
class Verdict:
    """The state an order should be in, how many pieces the customer has, and what is odd."""

    state: str
    delivered: int
    flag: str = ""


def is_started(word: str) -> bool:
    """Whether the vendor works on it."""
    return _plain(word) in _WORKING


def judge(report: Report) -> Verdict:
    """Read a status answer."""
    word = _plain(report.word)
    if report.product:
        return _judge_product(word, report)
    if word in _COMPLETED:
        odd = f"completed with remains {report.remains}" if report.remains not in (None, 0) else ""
        return Verdict(COMPLETED, report.quantity, odd)
    if word in _PARTIAL:
        if report.remains is None:
            return Verdict(RUNNING, 0, "partial, but it does not say what remains")
        return ended(report.quantity, _counted(report), odd=_odd_remains(report))
    if word in _CANCELED:
        # Part may have been delivered and paid for before: the vendor's charge tells.
        counted = _counted(report) if report.charge else 0
        return ended(report.quantity, counted if counted < report.quantity else 0, odd=_odd_remains(report))
    if word in _FAILED:
        if report.charge == 0:
            return Verdict(CANCELED, 0)
        return Verdict(RUNNING, _counted(report), f"failed ({report.word}), but the vendor keeps its charge")
    if word in _WAITING:
        return Verdict(RUNNING, 0)
    odd = "" if word in _WORKING else f"unknown status {report.word!r}"
    return Verdict(RUNNING, _counted(report), odd or _odd_remains(report))


def _judge_product(word: str, report: Report) -> Verdict:
    """A product's pieces are what arrived: the customer has them or not, whatever `remains` says."""
    delivered = min(report.items, report.quantity)
    odd = f"{report.items} items for {report.quantity} ordered" if report.items > report.quantity else ""
    if word in _COMPLETED:
        if delivered == report.quantity:
            return Verdict(COMPLETED, delivered, odd)
        odd = f"completed with {delivered} of {report.quantity} items"
        if report.quiet_for < LATE_GOODS:
            return Verdict(RUNNING, delivered, odd)
        return ended(report.quantity, delivered, odd=odd)
    if word in _PARTIAL:
        paid_back = report.charge is not None and not fits_cost(report.charge, report.cost)
        if delivered < report.quantity and not paid_back and report.quiet_for < LATE_REST:
            return Verdict(RUNNING, delivered, odd)
        return ended(report.quantity, delivered, odd=odd)
    if word in _CANCELED:
        return ended(report.quantity, delivered, odd=odd)
    if word in _FAILED:
        if report.charge == 0:
            return ended(report.quantity, delivered, odd=odd)
        return Verdict(RUNNING, delivered, f"failed ({report.word}), but the vendor keeps its charge")
    return Verdict(RUNNING, delivered, odd if word in _WAITING | _WORKING else f"unknown status {report.word!r}")


def ended(quantity: int, delivered: int, *, odd: str = "") -> Verdict:
    """The end of an order of which `delivered` pieces arrived."""
    if delivered <= 0:
        return Verdict(CANCELED, 0, odd)
    return Verdict(COMPLETED if delivered >= quantity else PARTIAL, delivered, odd)


def _counted(report: Report) -> int:
    """Pieces of a service delivered so far: the quantity less what remains, kept within reason."""
    if report.remains is None:
        return 0
    return report.quantity - min(max(report.remains, 0), report.quantity)


def _odd_remains(report: Report) -> str:
    if report.remains is not None and not 0 <= report.remains <= report.quantity:
        return f"remains {report.remains} of {report.quantity}"
    return ""


def _plain(word: str) -> str:
    return " ".join(word.replace("_", " ").replace("-", " ").lower().split())
