"""What staff do about a customer: suspend and lift, write a note, look at the shop as they see it."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import messages
from unfold.enums import ActionVariant
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from accounts import suspensions
from accounts.models import StaffNote, Suspension, User
from core.admin_acts import Act, Done, ReasonForm


class SuspendForm(ReasonForm):
    """What is shut, why, what the customer reads, and until when."""

    degree = forms.ChoiceField(
        label="What is shut",
        choices=Suspension.Degree.choices,
        widget=UnfoldAdminRadioSelectWidget,
        error_messages={"required": "Choose what the customer may not do."},
    )
    told = forms.CharField(
        label="What the customer is told",
        required=False,
        max_length=300,
        help_text="In your own words, in their language. Empty: only that it is suspended.",
        widget=UnfoldAdminTextInputWidget(),
    )
    ends_at = forms.SplitDateTimeField(
        label="Until",
        required=False,
        help_text="Empty: until somebody lifts it.",
        widget=UnfoldAdminSplitDateTimeWidget,
    )
    field_order = ("degree", "reason", "told", "ends_at")


class Suspend(Act[User]):
    """Shut something to a customer."""

    path = "suspend"
    title = "Suspend"
    button = "Suspend the customer"
    icon = "block"
    permission = "accounts.add_suspension"
    form = SuspendForm
    variant = ActionVariant.DANGER
    refusals = (suspensions.CantSuspend,)
    blamed = "ends_at"

    def fits(self) -> bool:
        return self.row.is_active and not self.row.is_staff

    def says(self) -> list[str]:
        return [
            "Orders and numbers that are under way go on to their end and are credited as always. No money moves.",
            "No log-in: every browser is logged out at once, keys open nothing, and nothing can be bought.",
            "Runs of plans wait while nothing can be bought. One that waits for a day ends its plan, and the rest of "
            "the plan's money is free again.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        made = suspensions.suspend(
            customer=self.row,
            degree=given["degree"],
            reason=given["reason"],
            told=given["told"],
            ends_at=given["ends_at"],
            operator=self.operator,
            now=now,
        )
        # As it was typed it is in the operator's own zone; the record is read by others.
        ends = made.ends_at.astimezone(UTC) if made.ends_at else None
        until = f"until {ends:%Y-%m-%d %H:%M} UTC" if ends else "until it is lifted"
        return Done(f"{made.get_degree_display()}, {until}. No money moved.")


class Lift(Act[Suspension]):
    """End a suspension before its time."""

    path = "lift"
    title = "Lift it"
    button = "Lift the suspension"
    icon = "lock_open"
    permission = "accounts.change_suspension"

    def fits(self) -> bool:
        return self.row.lifted_at is None

    def says(self) -> list[str]:
        return [f"From now on the customer may again: {self.row.get_degree_display().lower()} is over. No money moves."]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        if not suspensions.lift(suspension=self.row, operator=self.operator, now=now):
            return Done("Somebody else lifted it before.", messages.WARNING, happened=False)
        return Done("The suspension is lifted.")


class NoteForm(forms.Form):
    """A note's text."""

    text = forms.CharField(
        label="Note",
        max_length=5000,
        help_text="Staff read it, the customer does not. It can't be changed or deleted afterwards.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        error_messages={"required": "Write what the next one should know."},
    )


class WriteNote(Act[User]):
    """A note about a customer, for other staff."""

    path = "write-note"
    title = "Write a note"
    button = "Keep the note"
    icon = "edit_note"
    permission = "accounts.add_staffnote"
    form = NoteForm

    def fits(self) -> bool:
        return self.row.is_active

    def says(self) -> list[str]:
        return ["It stands on the customer's page for all staff, with your name. It goes when the account is deleted."]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        StaffNote.objects.create(customer=self.row, author=self.operator, text=given["text"], at=now)
        return Done("The note is kept.")
