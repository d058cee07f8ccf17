"""The whole audit: the wallet's own books, and every room that spends from it."""

from books import audit as days_audit
from funds import audit as funds_audit
from orders import audit as orders_audit
from sms import audit as sms_audit
from wallet import audit as wallet_audit


def audit() -> wallet_audit.Findings:
    """Everything that was looked at, with a line for each thing that does not add up."""
    found = wallet_audit.findings()
    found.problems += funds_audit.problems()
    found.problems += orders_audit.problems()
    found.problems += sms_audit.problems()
    found.problems += days_audit.problems()
    return found
