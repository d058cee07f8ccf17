"""The form that deletes an account."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class DeleteForm(forms.Form):
    """The password, and where money is left a yes to losing it."""

    give_up = forms.BooleanField(label=_("I give up what is left on my balance"), required=False)
    password = forms.CharField(
        label=_("Your password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        strip=False,
        error_messages={"required": _("Enter your password.")},
    )

    def __init__(self, *args: Any, has_password: bool, has_money: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_password:
            del self.fields["password"]
        if not has_money:
            del self.fields["give_up"]
