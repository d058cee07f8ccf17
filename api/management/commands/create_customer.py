"""`create_customer EMAIL`: an account for somebody, with credit and an API key when asked for."""

import json
import sys
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from api import keys
from core import money, record
from core.models import StaffAct
from wallet import ledger


class Command(BaseCommand):
    help = "Create a customer and print them as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument(
            "--password",
            help="“-” asks for it, or reads a line that is piped in: a shell remembers what is typed here. "
            "Without one, the person sets it by “forgot password”",
        )
        parser.add_argument("--credit", help="USD to start with, such as 50.00")
        parser.add_argument("--staff", action="store_true", help="may open the admin")
        parser.add_argument("--api-key", action="store_true", help="make a key for their programs and print it")

    def handle(
        self,
        *,
        email: str,
        password: str | None,
        credit: str | None,
        staff: bool,
        api_key: bool = False,
        **options: Any,
    ) -> None:
        email = email.strip().lower()
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"{email!r} is not an e-mail address.") from None
        if User.objects.filter(email=email).exists():
            raise CommandError(f"{email} has an account already.")
        try:
            amount = money.parse(credit) if credit else money.ZERO
        except money.BadAmount as error:
            raise CommandError(f"--credit: {error}") from None
        if amount < 0:
            raise CommandError("--credit: can't be negative.")
        if password == "-":  # noqa: S105  # nosec B105 - the word for being asked
            password = _asked()
        with transaction.atomic():
            user = User.objects.create_user(email, password, is_staff=staff, is_superuser=staff)
            # Whoever runs this command vouches for the address.
            EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
            account = ledger.account_of(user)
            if amount:
                ledger.adjust(
                    account=account,
                    amount=amount,
                    key=f"user:{user.pk}:opening",
                    memo="Opening credit",
                    now=timezone.now(),
                )
            made = keys.make(customer=user, name="create_customer", now=timezone.now()) if api_key else None
            record.note(
                kind=StaffAct.Kind.COMMAND,
                said="Created a "
                + ("superuser" if staff else "customer")
                + (f" with {money.show(amount)} of credit" if amount else "")
                + (" and an API key." if api_key else "."),
                row=user,
                program="manage.py create_customer",
            )
        account.refresh_from_db()
        shown = {"id": user.pk, "email": user.email, "balance": money.plain(account.balance)}
        if made is not None:
            shown["api_key"] = made[1]
        self.stdout.write(json.dumps(shown))


def _asked() -> str:
    typed = getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not typed:
        raise CommandError("--password -: no password came.")
    if sys.stdin.isatty() and typed != getpass("The same again: "):
        raise CommandError("--password -: these are two passwords.")
    return typed
