"""Second factors, where allauth asks: secrets encrypted at rest, the shop's own words, and who has one."""

from typing import Any, ClassVar

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core import secrets
from core.rotate import Rotated

# Recovery codes are no factor of their own: they stand in for a lost one.
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


def has_one(user: User) -> bool:
    """Whether a password alone does not let in."""
    return Authenticator.objects.filter(user=user, type__in=FACTORS).exists()


def is_enough(user: User) -> bool:
    """Whether somebody of the staff has all that they need to run the shop: see STAFF_NEEDS_TWO_FACTORS."""
    return not settings.STAFF_NEEDS_TWO_FACTORS or has_one(user)


def rotate() -> Rotated:
    """Bring the secrets of every second factor under the newest key."""
    done = Rotated()
    for pk in list(Authenticator.objects.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if row is None:
                continue
            try:
                data = _anew(row.data)
            except InvalidToken:
                done.unreadable.append(pk)
                continue
            if data == row.data:
                done.already += 1
                continue
            row.data = data
            row.save(update_fields=["data"])
            done.anew += 1
    return done


def _anew(data: Any) -> Any:
    """The same data with every ciphertext in it under the newest key."""
    if isinstance(data, dict):
        return {name: _anew(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_anew(value) for value in data]
    if isinstance(data, str) and data.startswith(secrets.CIPHERTEXT):
        return secrets.renewed(data) or data
    return data


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
