"""The states of an order as plain tables; the ways between them are drawn in docs/architecture.md."""

from django.utils.translation import gettext_lazy as _

from upstream import forwarding

PLACED = forwarding.PLACED
SUBMITTING = forwarding.SUBMITTING
RUNNING = forwarding.RUNNING
REJECTED = forwarding.REJECTED
UNCERTAIN = forwarding.UNCERTAIN
COMPLETED = "COMPLETED"
PARTIAL = "PARTIAL"
CANCELED = "CANCELED"

# What an operator reads.
CHOICES = [
    (PLACED, "Placed"),
    (SUBMITTING, "Submitting"),
    (RUNNING, "Running"),
    (UNCERTAIN, "Uncertain"),
    (COMPLETED, "Completed"),
    (PARTIAL, "Partial"),
    (CANCELED, "Canceled"),
    (REJECTED, "Rejected"),
]

# What a customer reads: how the vendor is doing is none of their worry.
FOR_CUSTOMERS = {
    PLACED: _("Pending"),
    SUBMITTING: _("Pending"),
    UNCERTAIN: _("Pending"),
    RUNNING: _("In progress"),
    COMPLETED: _("Completed"),
    PARTIAL: _("Partial"),
    CANCELED: _("Canceled"),
    REJECTED: _("Refused"),
}

# The groups a customer filters by, in the order they read them: each with its states.
GROUPS = {
    "open": (_("Open"), [PLACED, SUBMITTING, UNCERTAIN, RUNNING]),
    "completed": (_("Completed"), [COMPLETED]),
    "partial": (_("Partial"), [PARTIAL]),
    "canceled": (_("Canceled or refused"), [CANCELED, REJECTED]),
}

OPEN = [PLACED, SUBMITTING, RUNNING, UNCERTAIN]
# The hold is captured, at least in part.
PAID = [COMPLETED, PARTIAL]
# The hold is released whole.
UNPAID = [CANCELED, REJECTED]
FINISHED = PAID + UNPAID
