"""Second factors, where allauth asks: secrets encrypted at rest, the shop's own words, and who has one."""

from typing import ClassVar

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core import secrets

# Recovery codes are no factor of their own: they stand in for a lost one.
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


def has_one(user: User) -> bool:
    """Whether a password alone does not let in."""
    return Authenticator.objects.filter(user=user, type__in=FACTORS).exists()


class Adapter(DefaultMFAAdapter):
    """allauth's own behaviour, in the shop's words."""

    error_messages: ClassVar[dict[str, str | Promise]] = {
        **DefaultMFAAdapter.error_messages,
        "add_email_blocked": gettext_lazy("Switch two factors off before you add an address."),
        "cannot_generate_recovery_codes": gettext_lazy("Recovery codes are for accounts with two factors."),
        "incorrect_code": gettext_lazy("This is not the right code. It changes every 30 seconds: try the one of now."),
        "rate_limited": gettext_lazy("Too many wrong codes. Wait a few minutes, then try again."),
        "unverified_email": gettext_lazy("Confirm your e-mail address first, so that nobody can lock you out of it."),
    }

    def encrypt(self, text: str) -> str:
        """The secret as it is kept in the database."""
        return secrets.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret behind what is kept."""
        return secrets.decrypt(encrypted_text)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """What a new passkey is called where its owner gives it no name."""
        count = Authenticator.objects.filter(user=user, type=type).count()
        return _("Passkey %(number)d") % {"number": count + 1}

    def _get_site_name(self) -> str:
        # The host's name stands in the address; this is what a phone shows beside it.
        return str(settings.SHOP_NAME)
