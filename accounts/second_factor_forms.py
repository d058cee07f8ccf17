"""The forms of passkeys, in the shop's words."""

from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.utils.translation import gettext_lazy as _

LONGEST_NAME = 60


class AddPasskeyForm(AddWebAuthnForm):
    """A new passkey: its name, and whether it stands for the whole log-in."""

    name = forms.CharField(label=_("Name"), required=False, max_length=LONGEST_NAME)
    passwordless = forms.BooleanField(
        label=_("Log in with it alone, without a password"),
        required=False,
        initial=True,
        help_text=_(
            "It then has to ask for your fingerprint, your face or a PIN. Otherwise it is only a second factor."
        ),
    )


class RenamePasskeyForm(EditWebAuthnForm):
    """Another name for a passkey."""

    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME)
