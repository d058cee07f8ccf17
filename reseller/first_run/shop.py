"""The shop itself: its name and address, secrets, e-mail, terms, ways to pay, and the operator's second factor."""

import base64
import hashlib
from datetime import timedelta
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts import second_factor, terms
from accounts.models import User
from core.models import MailFailure
from funds.methods import offered
from funds.models import Method
from orders.models import GoodsPepper
from reseller.first_run.result import Result, todo, well, wrong
from reseller.models import FirstRun

# Only with DEBUG: see settings.
DEFAULT_NAME = "Fairstock"
DEFAULT_SECRET = "only-for-debug"  # noqa: S105  # nosec B105 - looked for, so that no shop keeps it
SAMPLE = "What is read here was encrypted when the shop began."
# E-mails that failed so lately are worth a word.
LATELY = timedelta(days=1)
TO_THE_LOG = "django.core.mail.backends.console.EmailBackend"


def site(operator: User | None) -> list[Result]:
    """Name, address, TLS, and whether it is a shop for trying."""
    address = settings.SHOP_URL
    results = []
    if settings.SHOP_NAME == DEFAULT_NAME:
        results.append(
            todo("Name", f"The shop is called {DEFAULT_NAME}, as it came.", "Set SHOP_NAME, and start web again.")
        )
    else:
        results.append(well("Name", str(settings.SHOP_NAME)))
    local = urlsplit(address).hostname in ("127.0.0.1", "localhost", "::1", "testserver")
    if settings.DEBUG or local:
        why = "DEBUG is on: pages of errors show the inside of the shop." if settings.DEBUG else f"It is {address}."
        results.append(
            todo("Address", f"{why} Good for a trial on this machine.", "To sell, set DEBUG=0 and ALLOWED_HOSTS.")
        )
    elif not settings.HTTPS:
        results.append(
            wrong(
                "Address",
                f"{address} is without TLS: passwords and balances travel in the open.",
                "Put a proxy with a certificate before it, set BEHIND_PROXY=1, and take HTTPS=0 away.",
            )
        )
    else:
        results.append(well("Address", f"{address}, with TLS."))
    return results


def secrets(operator: User | None) -> list[Result]:
    """The keys of what is encrypted in the database: there, the shop's own, and the ones it was encrypted with."""
    title = "Encryption key"
    made = base64.urlsafe_b64encode(hashlib.sha256(settings.SECRET_KEY.encode()).digest()).decode()
    try:
        first_run, _made = FirstRun.objects.get_or_create(pk=1, defaults={"sample": SAMPLE})
        if not first_run.sample:
            FirstRun.objects.filter(pk=1).update(sample=SAMPLE)
        # What was delivered is read by the same keys.
        GoodsPepper.objects.first()
    except InvalidToken:
        return [
            wrong(
                title,
                "What was encrypted before can't be read: delivered accounts and codes are lost to their customers.",
                "Put the earlier key back into FIELD_ENCRYPTION_KEYS, behind the new one, separated by a comma.",
            )
        ]
    if made in settings.FIELD_ENCRYPTION_KEYS or settings.SECRET_KEY == DEFAULT_SECRET:
        say = todo if settings.DEBUG else wrong
        return [
            say(
                title,
                "It is made of SECRET_KEY: whoever has that reads every account that was delivered.",
                "Set FIELD_ENCRYPTION_KEYS to a key of its own before the first sale (README, “Go live”), and keep a "
                "copy of it away from the backups.",
            )
        ]
    return [well(title, "There is one, and what was encrypted with it can be read.")]


def mail(operator: User | None) -> list[Result]:
    """Whether letters leave, and whether anybody is told of alerts."""
    return [_letters(), _alerts()]


def _letters() -> Result:
    title = "E-mail"
    if settings.EMAIL_DELIVERY_BACKEND == TO_THE_LOG:
        return todo(
            title,
            "E-mails go to the log of the web server and reach nobody: no confirmation, no reset of a password.",
            "Set EMAIL_URL and DEFAULT_FROM_EMAIL, and send yourself a test letter below.",
        )
    failed = MailFailure.objects.filter(at__gt=timezone.now() - LATELY).order_by("-pk").first()
    sent = FirstRun.objects.filter(pk=1).values_list("letter_sent_at", flat=True).first()
    if failed is not None and (sent is None or failed.at > sent):
        return wrong(
            title,
            f"The last e-mail was not taken: {failed.error}.",
            "Check EMAIL_URL and DEFAULT_FROM_EMAIL with your mail provider, and send yourself a test letter below.",
        )
    if sent is None:
        return todo(
            title, "It is set up; no letter was tried yet.", "Send yourself a test letter below, and see if it comes."
        )
    return well(title, f"The mail server took a test letter on {timezone.localtime(sent):%Y-%m-%d %H:%M}.")


def _alerts() -> Result:
    title = "Alerts"
    if not settings.ADMINS:
        return todo(
            title,
            "Nobody gets them by e-mail: they stand in the admin alone.",
            "Set OPERATOR_EMAILS to whoever should know when money waits.",
        )
    return well(title, f"They go to {', '.join(address for _name, address in settings.ADMINS)}.")


def paying(operator: User | None) -> list[Result]:
    """A way for customers to bring money."""
    title = "Ways to pay"
    link = {"link": reverse("admin:funds_method_changelist"), "link_text": "Ways to pay"}
    ways = offered()
    real = [way.name for way in ways if way.provider != Method.Provider.DUMMY]
    if real:
        return [well(title, f"Offered: {', '.join(real)}.")]
    if ways:
        return [
            todo(
                title, "Only the test payment, which brings no money.", "Set one up: docs/payments.md says how.", **link
            )
        ]
    help_text = " The wallet shows FUNDS_HELP." if settings.FUNDS_HELP else ""
    return [
        todo(
            title,
            f"None is switched on: only you can give credit, by hand.{help_text}",
            "Set up Stripe or BTCPay, or add a transfer that you check: docs/payments.md says how.",
            **link,
        )
    ]


def rules(operator: User | None) -> list[Result]:
    """Terms that customers agree to."""
    title = "Terms"
    holds = terms.current(timezone.now())
    if holds is not None:
        return [well(title, f"Version {holds.version} holds.")]
    return [
        todo(
            title,
            "There are none: customers agree to nothing.",
            "Write what you refund, and what you don't, and publish it.",
            link=reverse("admin:accounts_terms_changelist"),
            link_text="Terms",
        )
    ]


def factors(operator: User | None) -> list[Result]:
    """The second factor of whoever looks."""
    title = "Your second factor"
    if operator is None:
        return []
    if second_factor.has_one(operator):
        return [well(title, "Your password alone does not let anybody in.")]
    say = wrong if settings.STAFF_NEEDS_TWO_FACTORS else todo
    return [
        say(
            title,
            "Whoever learns your password can move money.",
            "Set up an app or a passkey.",
            link=reverse("mfa_index"),
            link_text="Two factors",
        )
    ]
