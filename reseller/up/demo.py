"""The people of a first run: an operator and a customer with credit, with passwords of this checkout's own."""

import io
import json
import os
import secrets

from django.core.management import call_command

from accounts.models import User
from reseller import local

FILE = local.VAR / "demo.txt"
OPERATOR = "operator@example.com"
CUSTOMER = "customer@example.com"
CREDIT = "50.00"


def make() -> None:
    """Make both, in a shop that has nobody yet; passwords of an earlier database are used again."""
    if User.objects.exists():
        return
    passwords = _read() or {email: secrets.token_urlsafe(9) for email in (OPERATOR, CUSTOMER)}
    _write(passwords)
    call_command("create_customer", OPERATOR, password=passwords[OPERATOR], staff=True, stdout=io.StringIO())
    User.objects.filter(email=OPERATOR).update(is_superuser=True)
    call_command("create_customer", CUSTOMER, password=passwords[CUSTOMER], credit=CREDIT, stdout=io.StringIO())


def lines() -> list[str]:
    """What to print at each start; nothing where no demo people were made."""
    passwords = _read()
    if not passwords:
        return []
    return [
        f"Operator  {OPERATOR}  {passwords[OPERATOR]}",
        f"Customer  {CUSTOMER}  {passwords[CUSTOMER]}  (began with {CREDIT} USD)",
    ]


def _read() -> dict[str, str]:
    try:
        passwords = json.loads(FILE.read_text().partition("\n")[2])
        return {email: passwords[email] for email in (OPERATOR, CUSTOMER)}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _write(passwords: dict[str, str]) -> None:
    FILE.unlink(missing_ok=True)
    with os.fdopen(os.open(FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("Made by the first `make run`: who may log in to the demo shop, by e-mail address.\n")
        json.dump(passwords, file, indent=2)
        file.write("\n")
