"""An act on many rows of a list: a page with each row and its money and the sum, a yes with a reason, and each row by
itself. One that is refused is named, and keeps none of the others from theirs.
"""

import uuid
from abc import ABC, abstractmethod
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Generic, TypeVar

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from core.admin_acts import ReasonForm
from core.admin_base import ShopAdmin
from core.money import ZERO, show

Row = TypeVar("Row", bound=models.Model)
# So many at once: the page shows every one.
MOST = 200
# So many refusals are named.
NAMED = 5


class BulkForm(ReasonForm):
    """Why, and unseen: a key that makes a second click harmless."""

    key = forms.UUIDField(widget=forms.HiddenInput)


class Bulk(ABC, Generic[Row]):
    """One thing an operator can do to many rows."""

    action: ClassVar[str]
    title: ClassVar[str]
    button: ClassVar[str]
    says: ClassVar[list[str]]
    # What the column of money is called.
    money: ClassVar[str]
    danger: ClassVar[bool] = False
    form: ClassVar[type[forms.Form]] = BulkForm
    # What the act raises when it says no.
    refusals: ClassVar[tuple[type[Exception], ...]] = ()

    @abstractmethod
    def fits(self, row: Row) -> bool:
        """Whether the row is in a state for it."""

    @abstractmethod
    def amount(self, row: Row) -> Decimal:
        """USD that it is about."""

    def note(self, row: Row) -> str:
        """What else should be seen of the row before the yes."""
        return ""

    @abstractmethod
    def run(self, row: Row, *, operator: Any, reason: str, key: str, now: datetime) -> bool:
        """Do it, and say whether it did: the same `key` again does nothing more. Raises one of `refusals`."""

    def page(self, admin: ShopAdmin, request: HttpRequest, queryset: QuerySet[Row]) -> HttpResponse | None:
        """The page that asks; None once it is done, for the list to be shown again."""
        chosen = list(queryset[: MOST + 1])
        if len(chosen) > MOST:
            admin.message_user(request, f"Choose at most {MOST} at once.", messages.WARNING)
            return None
        if "confirmed" in request.POST:
            form = self.form(request.POST)
            if form.is_valid():
                self._run(admin, request, chosen, form.cleaned_data)
                return None
        else:
            form = self.form(initial={"key": uuid.uuid4()})
        rows = [row for row in chosen if self.fits(row)]
        if not rows:
            admin.message_user(request, f"“{self.title}” fits none of them.", messages.WARNING)
            return None
        total = sum((self.amount(row) for row in rows), ZERO)
        context = {
            **admin.admin_site.each_context(request),
            "opts": admin.opts,
            "media": admin.media,
            "title": self.title,
            "bulk": self,
            "form": form,
            "rows": [(row, getattr(row, "customer", ""), show(self.amount(row)), self.note(row)) for row in rows],
            "chosen": [row.pk for row in rows],
            "left_out": len(chosen) - len(rows),
            "total": show(total),
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/bulk.html", context)

    def _run(self, admin: ShopAdmin, request: HttpRequest, rows: list[Row], given: dict[str, Any]) -> None:
        moved, refused = ZERO, []
        count = 0
        for row in rows:
            if not self.fits(row):  # done by a first click, or changed meanwhile
                continue
            amount = self.amount(row)
            try:
                with transaction.atomic():
                    did = self.run(
                        row, operator=request.user, reason=given["reason"], key=str(given["key"]), now=timezone.now()
                    )
                    if did:
                        admin.log_act(request, row, f"{self.title}: {show(amount)}.", reason=given["reason"])
            except self.refusals as error:
                refused.append(f"{row}: {error}")
            else:
                count, moved = (count + 1, moved + amount) if did else (count, moved)
        level = messages.SUCCESS if count and not refused else messages.WARNING
        said = f"{self.title}: {count} of {len(rows)} done, {show(moved)}."
        more = f" And {len(refused) - NAMED} more." if len(refused) > NAMED else ""
        admin.message_user(request, " ".join([said, *refused[:NAMED]]) + more, level)
