"""What the admin's pages of orders and of purchases of numbers share: the calls that tried to buy, and a timeline of
everything that happened, whoever did it.

What the vendor said is text of strangers: it is cut here, and escaped by the templates like all text.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.decorators import display

from core.admin_base import (
    NOTHING,
    ReadOnlyAdmin,
    lines_column,
    moment,
    moment_column,
    number_column,
    page_link,
    pill,
    text_column,
    took,
    unbroken,
    usd,
)
from notices.models import Notice
from upstream.forwarding import Attempt
from wallet.models import Hold, Transfer

# A page shows so many of the newest; the lists have all of them.
SHOWN = 50
# So much of an answer or a note stands in a table; the call's own page has the whole.
CUT = 600
OUTCOMES = {
    "OPEN": "info",
    "ACCEPTED": "success",
    "REFUSED": "danger",
    "NOT_SENT": "",
    "UNANSWERED": "warning",
    "FOUND": "success",
    "DISPROVED": "",
}


def one(request: HttpRequest) -> bool:
    """Whether the page is about one row: then its relations are wanted too."""
    match = request.resolver_match
    return bool(match and "object_id" in match.kwargs)


def as_id(text: str) -> int | None:
    """The row number in an address; None where it can be none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


# ── The timeline ───────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Step:
    """One line of a timeline. `amount` is money as text, `by` who did it."""

    at: datetime
    what: object
    amount: str = NOTHING
    by: object = "The shop"
    note: str = ""


def timeline(*parts: Iterable[Step]) -> dict[str, Any]:
    """A table of all steps, newest first; of one moment, the later of a part comes first."""
    steps = sorted((step for part in parts for step in part), key=lambda step: step.at)
    return {
        "headers": ["When", "What", "Amount", "By", "Note"],
        "rows": [
            [
                unbroken(moment(step.at)),
                step.what,
                unbroken(step.amount),
                step.by,
                Truncator(step.note).chars(CUT) if step.note else NOTHING,
            ]
            for step in reversed(steps)
        ],
    }


def of_calls(attempts: QuerySet[Any]) -> list[Step]:
    """The calls that tried to buy."""
    return [
        Step(
            at=attempt.started_at,
            what=f"Call to the vendor: {attempt.get_outcome_display().lower()}",
            note=f"{took(attempt.started_at, attempt.finished_at)}. {attempt.detail}",
        )
        for attempt in _newest(attempts)
    ]


def of_money(holds: Iterable[Hold], transfers: QuerySet[Transfer]) -> list[Step]:
    """Money that was set free again, or moved. That it was set aside is told with the purchase itself."""
    steps = [
        Step(at=hold.closed_at, what="Money set free", amount=usd(hold.amount), note=hold.key)
        for hold in holds
        if hold.state == Hold.State.RELEASED and hold.closed_at
    ]
    steps += [
        Step(
            at=transfer.created_at,
            what=page_link("wallet_transfer_change", transfer.pk, f"Transfer: {transfer.get_kind_display().lower()}"),
            amount=usd(transfer.signed),
            note=transfer.memo,
        )
        for transfer in transfers.order_by("-pk")[:SHOWN]
    ]
    return steps


def of_notices(*, customer_id: int, link: str) -> list[Step]:
    """E-mails to the customer about the page `link`."""
    notices = Notice.objects.filter(customer_id=customer_id, link=link)
    return [
        Step(
            at=notice.made_at,
            what=f"Notice: {notice.get_kind_display().lower()}",
            by="The shop",
            note=f"{notice.get_state_display()}{f': {notice.why}' if notice.why else ''}",
        )
        for notice in _newest(notices)
    ]


def of_requests(requests: QuerySet[Any]) -> list[Step]:
    """What the customer asked for. Rows of the help desk, which is above this room."""
    steps = []
    for request in _newest(requests.select_related("actor", "customer")):
        what = page_link("desk_request_change", request.pk, f"Request: {request.title}")
        steps.append(Step(at=request.asked_at, what=what, by=request.customer, note=request.get_state_display()))
        if request.decided_at:
            closed = f"Request closed: {request.get_state_display().lower()}"
            steps.append(Step(at=request.decided_at, what=closed, by=request.actor or "The shop", note=request.note))
    return steps


def _newest(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.order_by("-pk")[:SHOWN]


# ── The calls ──────────────────────────────────────────────────────────────────────────────────────
def calls(attempts: QuerySet[Any], page: str) -> dict[str, Any]:
    """A table of the newest calls; each leads to its own page `page` (`orders_attempt_change`)."""
    return {
        "headers": ["When", "Outcome", "Took", "What came back", "What was sent, without the key"],
        "rows": [
            [
                page_link(page, attempt.pk, unbroken(moment(attempt.started_at))),
                pill(attempt.get_outcome_display(), OUTCOMES[attempt.outcome]),
                unbroken(took(attempt.started_at, attempt.finished_at)),
                Truncator(attempt.detail).chars(CUT) if attempt.detail else NOTHING,
                pretty(attempt.request),
            ]
            for attempt in _newest(attempts)
        ],
    }


def pretty(request: Any) -> SafeString:
    """What was sent, indented."""
    return format_html('<pre class="shop-code">{}</pre>', json.dumps(request, indent=2, ensure_ascii=False))


class CallAdmin(ReadOnlyAdmin):
    """Calls that tried to buy; who derives from it names the field that leads to what was to be bought."""

    subject: ClassVar[str]
    list_filter = ("outcome", "started_at")
    search_fields = ("detail",)
    readonly_fields: Any = ("label", "started", "finished", "took", "answer", "sent")

    answer = lines_column("detail", "What came back")
    number = number_column()
    started = moment_column("started_at", "Started", exact=True)
    finished = moment_column("finished_at", "Finished", exact=True)
    short_detail = text_column("detail", "What came back", most=90)

    @display(description="Outcome", ordering="outcome")
    def label(self, attempt: Attempt) -> SafeString:
        return pill(attempt.get_outcome_display(), OUTCOMES[attempt.outcome])

    @display(description="Took")
    def took(self, attempt: Attempt) -> str:
        return took(attempt.started_at, attempt.finished_at)

    @display(description="What was sent, without the key")
    def sent(self, attempt: Attempt) -> SafeString:
        return pretty(attempt.request)


def subject_column(page: str, field: str, title: str) -> Callable[[Any, Any], Any]:
    """A column that leads to the page `page` of the row behind the key `field`: `Order 17`."""

    @display(description=title, ordering=field)
    def column(self: Any, row: Any) -> SafeString:
        number = getattr(row, field)
        return page_link(page, number, f"{title} {number}")

    return column
