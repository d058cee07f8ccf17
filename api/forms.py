"""The form that makes a key."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from api.addresses import read_networks
from api.models import Key
from core.once import once_key


class KeyForm(forms.Form):
    """What the key is for, what it may do, and from where."""

    name = forms.CharField(
        label=pgettext_lazy("of a key", "Name"),
        max_length=60,
        help_text=_("What it is for: only you see it."),
        error_messages={"required": _("Give it a name, so that you know it again.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scope = forms.ChoiceField(
        label=_("It may do"), choices=Key.Scope.choices, initial=Key.Scope.FULL, widget=forms.RadioSelect
    )
    networks = forms.CharField(
        label=_("Only from these addresses"),
        required=False,
        max_length=2000,
        help_text=_("IP addresses or networks such as 203.0.113.0/24, one a line. Empty: from anywhere."),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )

    form_key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    @classmethod
    def fresh(cls) -> "KeyForm":
        """An unsent form."""
        return cls(initial={"form_key": uuid.uuid4().hex})

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if "\0" in name:
            raise forms.ValidationError(_("Use letters and digits."))
        return name

    def clean_networks(self) -> list[str]:
        try:
            return read_networks(self.cleaned_data["networks"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def fields_of_key(self) -> dict[str, Any]:
        """What `keys.make` takes of it."""
        fields = {name: self.cleaned_data[name] for name in ("name", "scope", "networks")}
        key = self.cleaned_data["form_key"]
        return {**fields, "form_key": once_key(key, *fields.values()) if key else ""}
