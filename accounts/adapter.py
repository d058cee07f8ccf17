"""How sign-up and log-in behave where allauth asks."""

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import referral
from accounts.models import User


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

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Remember who referred the new customer, if a link of theirs was followed."""
        user.referred_by = referral.referrer(request)
        saved: User = super().save_user(request, user, form, commit)
        return saved

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send one of allauth's e-mails, signed with the shop's name rather than its host name."""
        super().send_mail(template_prefix, email, {"shop_name": settings.SHOP_NAME, **context})
