"""`credit EMAIL AMOUNT --reason TEXT`: an operator adds to a customer's balance, or takes from it."""

import json
import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core import money, record
from core.models import StaffAct
from wallet import ledger


class Command(BaseCommand):
    help = "Adjust a customer's balance and print it as JSON; the same --key twice credits once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("amount", help="USD, such as 12.50; negative takes away: -- -12.50")
        parser.add_argument("--reason", required=True, help="stands in the customer's statement")
        parser.add_argument("--key", help="makes a repeat harmless")

    def handle(self, *, email: str, amount: str, reason: str, key: str | None, **options: Any) -> None:
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise CommandError(f"Nobody has an account as {email}.")
        if not reason.strip():
            raise CommandError("--reason: say why.")
        if key and len(key) > 100:
            raise CommandError("--key: at most 100 characters.")
        account = ledger.account_of(user)
        try:
            with transaction.atomic():
                moved = ledger.adjust(
                    account=account,
                    amount=money.parse(amount),
                    key=f"credit:{key or uuid.uuid4()}",
                    memo=reason.strip(),
                    now=timezone.now(),
                )
                record.note(
                    kind=StaffAct.Kind.COMMAND,
                    said=f"Adjusted the balance by {money.show(moved.signed)}: transfer {moved.pk}.",
                    reason=reason.strip(),
                    row=user,
                    program="manage.py credit",
                )
        except (money.BadAmount, ledger.LedgerError) as error:
            raise CommandError(str(error)) from None
        account.refresh_from_db()
        shown = {
            "email": user.email,
            "balance": money.plain(account.balance),
            "held": money.plain(account.held),
        }
        self.stdout.write(json.dumps(shown))
