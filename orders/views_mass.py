"""Many orders at once: the box, its checked preview, and what came of it.

The page keeps nothing on the server. What was checked comes back with the form: a digest of the lines that the
customer saw, the prices they saw, and how many orders of each wish this form has placed already.
"""

import re
import uuid
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from accounts.signed_in import signed_in
from accounts.terms_views import ask_first
from conduct import note
from core.money import BadAmount, parse, plain
from orders.forms import MassForm
from orders.mass import MOST_LINES, Line, Row, Sheet, check, digest, read
from orders.mine import customer_of
from orders.place_many import Outcome, place_many

# Bytes of a request that is looked at: a file and a box full of text, with room for what comes with them.
LARGEST_REQUEST = 4_000_000
# Of one sheet so many lines that the shop's rules forbid are kept, for the operators.
MOST_NOTED = 20
_KEY = re.compile(r"[0-9a-f]{32}\Z", re.ASCII)


@csrf_exempt  # no hole: `_answer` checks it, once it is certain that the form can be read
@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mass(request: HttpRequest) -> HttpResponseBase:
    """The mass order. A request that is too large to be read is told so in words."""
    if request.method == "POST":
        length = request.META.get("CONTENT_LENGTH") or "0"
        try:
            if not length.isdigit() or int(length) > LARGEST_REQUEST:
                raise SuspiciousOperation("too large")
            request.POST  # noqa: B018 - read here, where a form that can't be read gets an answer
        except (SuspiciousOperation, MultiPartParserError, UnreadablePostError):
            form = MassForm(initial={"text": ""})
            wrong = _("This is more than one mass order takes: at most 1 MB. Go back to find your lines again.")
            return _page(request, form, wrong=wrong, status=413)
    answer: HttpResponse = _answer(request)
    return answer


@csrf_protect
def _answer(request: HttpRequest) -> HttpResponse:
    if terms_first := ask_first(request, request.path):
        return terms_first  # before anything is typed, since it would be lost on the way
    if request.method != "POST":
        return _page(request, MassForm(initial={"text": ""}))
    form = MassForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    lines: list[Line] = form.cleaned_data["lines"]
    given = request.POST.get("form_key", "")
    form_key = given if _KEY.match(given) else uuid.uuid4().hex
    done = _read_done(request.POST.get("done", ""))
    sheet = check(customer=customer_of(request), lines=lines, form_key=form_key, done=done)
    _note_refused(request, sheet)
    outcome, wrong = None, ""
    if request.POST.get("act") == "place":
        if form_key != given or request.POST.get("seen", "") != digest(lines):
            wrong = _("The lines are not those that were checked. Look at them once more, and order then.")
        else:
            agreed = _read_agreed(request.POST.get("agreed", ""))
            outcome = place_many(customer=customer_of(request), sheet=sheet, agreed=agreed, now=timezone.now())
            done.update(row.line.wish for row in outcome.placed + outcome.before)
            sheet = _rest(request, outcome, form_key, done)
            lines = [row.line for row in sheet.rows]
    left = MassForm(initial={"text": "\n".join(line.text for line in lines)})
    status = 422 if wrong else 200
    return _page(request, left, sheet=sheet, outcome=outcome, form_key=form_key, done=done, wrong=wrong, status=status)


def _note_refused(request: HttpRequest, sheet: Sheet) -> None:
    """Count what the rules of the shop forbid; one look at a sheet is one try of each."""
    now = timezone.now()
    wanted = {(row.block.pk, row.line.link or str(row.line.service_id)): row.block for row in sheet.rows if row.block}
    for (_block_id, what), block in list(wanted.items())[:MOST_NOTED]:
        note.hit(block=block, customer=customer_of(request), what=what, now=now)


def _rest(request: HttpRequest, outcome: Outcome, form_key: str, done: Counter[str]) -> Sheet:
    """What was not ordered, checked anew; a line that could be ordered now says why it was not."""
    lines = read("\n".join(row.line.text for row in outcome.left))
    sheet = check(customer=customer_of(request), lines=lines, form_key=form_key, done=done)
    for row, before in zip(sheet.rows, outcome.left, strict=True):
        if row.good and before.problem:
            row.warnings.insert(0, before.problem)
    return sheet


def _page(
    request: HttpRequest,
    form: MassForm,
    *,
    sheet: Sheet | None = None,
    outcome: Outcome | None = None,
    form_key: str = "",
    done: Counter[str] | None = None,
    wrong: str = "",
    status: int = 200,
) -> HttpResponse:
    rows = sheet.rows if sheet else []
    context: dict[str, Any] = {
        "form": form,
        "sheet": sheet,
        "outcome": outcome,
        "wrong": wrong,
        "form_key": form_key or uuid.uuid4().hex,
        "seen": digest(row.line for row in rows),
        "agreed": _agreed(rows),
        "done": " ".join(f"{wish}:{count}" for wish, count in (done or {}).items()),
        "most": MOST_LINES,
        "needs_care": any(row.problem or row.warnings for row in rows),
    }
    return render(request, "orders/mass.html", context, status=status)


# ── What comes along with the form: each a list between spaces; what can't be read is not in it ────
def _agreed(rows: Sequence[Row]) -> str:
    seen = {row.agreement: row.quote for row in rows if row.good and row.quote}
    return " ".join(f"{name}:{plain(quote.price)}:{quote.unit}" for name, quote in seen.items())


def _read_agreed(text: str) -> dict[str, tuple[Decimal, int]]:
    agreed = {}
    for name, _colon, rest in (part.partition(":") for part in text.split()):
        price, _colon, unit = rest.partition(":")
        try:
            if unit.isascii() and unit.isdigit() and len(unit) < 10 and int(unit):
                agreed[name] = parse(price), int(unit)
        except BadAmount:
            continue
    return agreed


def _read_done(text: str) -> Counter[str]:
    done: Counter[str] = Counter()
    for wish, _colon, count in (part.partition(":") for part in text.split()):
        if count.isascii() and count.isdigit() and len(count) < 7:
            done[wish[:40]] = int(count)
    return done
