"""How sign-up and log-in behave where allauth asks."""

import logging
import smtplib
from typing import Any, ClassVar
from urllib.parse import urlsplit, urlunsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import browsers, invitations, places, referral, sessions, suspensions
from accounts.middleware import seen_now
from accounts.models import User
from core import record
from core.models import StaffAct

log = logging.getLogger(__name__)

# How one proves to be oneself again, by allauth's names for the ways.
_AGAIN = {
    "reauthenticate": _("Use your password"),
    "mfa_reauthenticate": _("Use a code of your app, or a recovery code"),
    "mfa_reauthenticate:webauthn": _("Use a passkey"),
}


# What allauth tells the owner of an account, by its names for the e-mails, in the words of the record.
_CREDENTIALS = {
    "account/email/password_changed": "Changed the password.",
    "account/email/password_set": "Set a password.",
    "account/email/password_reset": "Set a new password by the link in an e-mail.",
    "account/email/email_changed": "Changed the e-mail address.",
    "account/email/email_deleted": "Removed an e-mail address.",
    "mfa/email/totp_activated": "Set up codes of an app.",
    "mfa/email/totp_deactivated": "Took the codes of an app away.",
    "mfa/email/recovery_codes_generated": "Made new recovery codes.",
    "mfa/email/webauthn_added": "Added a passkey.",
    "mfa/email/webauthn_removed": "Removed a passkey.",
}


def _record(request: HttpRequest, person: User, kind: StaffAct.Kind, said: str) -> None:
    record.note(kind=kind, said=said, actor=person, row=person, request=request)


class Adapter(DefaultAccountAdapter):
    """allauth's own behaviour, in the shop's words; a place for the rules about who may sign up."""

    error_messages: ClassVar[dict[str, str | Promise]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("This e-mail address and password do not belong together."),
        "email_taken": _("There is already an account with this e-mail address. Log in instead."),
        "enter_current_password": _("This is not your current password."),
        "incorrect_password": _("This is not your password."),
        "too_many_login_attempts": _("Too many failed attempts. Wait a few minutes, then try again."),
        "invalid_password_reset": _("This link is no longer valid."),
    }

    def clean_email(self, email: str) -> str:
        """Refuse an address that the table has no room for: allauth would cut it short without a word."""
        longest = User._meta.get_field("email").max_length
        if longest is not None and len(email) > longest:
            raise ValidationError(
                _("An e-mail address has at most %(most)s characters."), code="max_length", params={"most": longest}
            )
        return super().clean_email(email)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether this visitor may sign up: see SIGNUP."""
        if settings.SIGNUP == "invited":
            code = request.POST.get("invite") or request.GET.get("invite") or ""
            return invitations.good(code, timezone.now()) is not None
        return bool(settings.SIGNUP == "open")

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Before a log-in, whatever the way: say to a suspended customer why they can't."""
        answer: HttpResponse | None = super().pre_login(request, user, **kwargs)
        if answer is not None or user.is_staff:
            return answer
        shut = suspensions.found(user.pk, suspensions.LOG_IN, now=timezone.now())
        if shut is None:
            return None
        clear_login(request)
        return render(request, "account/account_inactive.html", {"suspended": suspensions.words(shut)}, status=403)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """A wrong password: of staff it goes into the record."""
        super().authentication_failed(request, **credentials)
        email = str(credentials.get("email") or credentials.get("username") or "").lower()
        person = User.objects.filter(email=email, is_staff=True).first()
        if person is not None:
            _record(request, person, StaffAct.Kind.LOG_IN_FAILED, "A log-in with a wrong password.")

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """After a log-in: begin to note when the browser was last seen, and tell of a log-in from somewhere new."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        seen_now(request)
        new = places.note(
            user=user,
            agent=request.headers.get("User-Agent", ""),
            address=self.get_client_ip(request),
            now=timezone.now(),
        )
        if user.is_staff:
            _record(request, user, StaffAct.Kind.LOG_IN, "Logged in.")
        if new and user.login_alerts:
            self.send_notification_mail("account/email/login_alert", user)
        return response

    def set_password(self, user: User, password: str) -> None:
        """Save a new password, and log out every other browser: whoever knew the old one is out."""
        super().set_password(user, password)
        mine = self.request.session.session_key if self.request.user == user else None
        sessions.begin_anew(user=user, current=mine)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """The ways to prove to be oneself again, in the shop's words."""
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [{**way, "description": str(_AGAIN.get(way["id"], way["description"]))} for way in ways]

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tell somebody of a change to their account, with the browser in words; of staff it is recorded as well.

        The change is made by then, so a mail server that does not take the e-mail stops nothing; `core.mail` keeps
        a row of it for the operators.
        """
        if user.is_staff and template_prefix in _CREDENTIALS:
            _record(self.request, user, StaffAct.Kind.CREDENTIALS, _CREDENTIALS[template_prefix])
        told = {"user_agent": browsers.words(self.get_http_user_agent(self.request)), **(context or {})}
        try:
            super().send_notification_mail(template_prefix, user, told, email)
        except (OSError, smtplib.SMTPException):
            log.warning("customer %s was not told of a change to the account", user.pk)

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Remember who referred the new customer, if a link of theirs was followed."""
        user.referred_by = referral.referrer(request)
        saved: User = super().save_user(request, user, form, commit)
        return saved

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send one of allauth's e-mails, signed with the shop's name rather than its host name.

        Its links open accounts: they lead to SHOP_URL, not to the host that whoever asked for the e-mail claimed.
        """
        links = {name: _at_home(value) for name, value in context.items() if name.endswith("_url")}
        super().send_mail(template_prefix, email, {"shop_name": settings.SHOP_NAME, **context, **links})


def _at_home(address: str) -> str:
    """The same page of the shop, at its own address."""
    parts = urlsplit(address)
    return settings.SHOP_URL + urlunsplit(("", "", parts.path, parts.query, parts.fragment))
