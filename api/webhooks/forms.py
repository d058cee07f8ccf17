"""The form of a webhook."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from api.webhooks import destination, names
from core.once import once_key


class WebhookForm(forms.Form):
    """Where to send what."""

    url = forms.CharField(
        label=_("Address"),
        max_length=destination.LONGEST,
        help_text=_("Events are sent there by POST, as JSON. It must be reachable from the internet."),
        error_messages={"required": _("Enter an address such as https://example.com/hooks.")},
        widget=forms.URLInput(attrs={"autocomplete": "off", "placeholder_text": "https://example.com/hooks"}),
    )
    events = forms.MultipleChoiceField(
        label=_("Events"),
        choices=names.CHOICES,
        initial=names.ALL,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one event.")},
    )

    form_key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    @classmethod
    def fresh(cls) -> "WebhookForm":
        """An unsent form for a new one."""
        return cls(initial={"form_key": uuid.uuid4().hex})

    def once(self) -> str:
        """The key that makes a second sending harmless; empty where the page had none."""
        key = self.cleaned_data["form_key"]
        return once_key(key, *self.fields_of_hook().values()) if key else ""

    def fields_of_hook(self) -> dict[str, Any]:
        """What `hooks.make` and `hooks.change` take of it."""
        return {"url": self.cleaned_data["url"], "events": self.cleaned_data["events"]}
