"""The states of a purchase of numbers, and of each number in it, as plain tables."""

from django.utils.translation import gettext_lazy as _

from upstream import forwarding

# ── A purchase: sent once, like an order; RUNNING once the vendor gave us its numbers ──────────────
PLACED = forwarding.PLACED
SUBMITTING = forwarding.SUBMITTING
RUNNING = forwarding.RUNNING
REJECTED = forwarding.REJECTED
UNCERTAIN = forwarding.UNCERTAIN
CLOSED = "CLOSED"

PURCHASE_CHOICES = [
    (PLACED, "Placed"),
    (SUBMITTING, "Submitting"),
    (RUNNING, "Running"),
    (UNCERTAIN, "Uncertain"),
    (CLOSED, "Closed"),
    (REJECTED, "Rejected"),
]

# ── A number: money is taken with its first code, and given back when it ends without one ──────────
WAITING = "WAITING"
RECEIVED = "RECEIVED"
FINISHED = "FINISHED"
EXPIRED = "EXPIRED"
CANCELED = "CANCELED"

NUMBER_CHOICES = [
    (WAITING, _("Waiting for the code")),
    (RECEIVED, _("Code received")),
    (FINISHED, _("Finished")),
    (EXPIRED, _("Expired, money back")),
    (CANCELED, _("Canceled, money back")),
]
LIVE = [WAITING, RECEIVED]
PAID = [RECEIVED, FINISHED]
UNPAID = [EXPIRED, CANCELED]
