"""The forms of passkeys, in the shop's words; and those that ask for a factor: of staff, what was wrong is recorded."""

from typing import Any, ClassVar

from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import record
from core.models import StaffAct

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


def _note_wrong(person: User, error: ValidationError, said: str) -> None:
    """Into the record of staff. Whoever is made to wait is not heard, so that nobody fills the record by guessing."""
    if person.is_staff and error.code == "incorrect_code":
        record.note(kind=StaffAct.Kind.LOG_IN_FAILED, said=said, actor=person, row=person, request=context.request)


class _NotedCode(BaseAuthenticateForm):
    said: ClassVar[str]

    def clean_code(self) -> str:
        try:
            code: str = super().clean_code()
        except ValidationError as error:
            _note_wrong(self.user, error, self.said)
            raise
        return code


class CodeForm(_NotedCode, AuthenticateForm):
    """A code of an app, or a recovery code, after the password."""

    said = "A log-in with a wrong code."


class CodeAgainForm(_NotedCode, ReauthenticateForm):
    """A code from somebody who is logged in, before something that opens the account."""

    said = "Asked for a code again, and a wrong one."


class PasskeyForm(AuthenticateWebAuthnForm):
    """A passkey after the password."""

    said = "A log-in with a passkey that is not theirs."

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()
        except ValidationError as error:
            _note_wrong(self.user, error, self.said)
            raise


class PasskeyAgainForm(PasskeyForm, ReauthenticateWebAuthnForm):
    """A passkey from somebody who is logged in, before something that opens the account."""

    said = "Asked for a passkey again, and one that is not theirs."
