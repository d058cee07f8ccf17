"""The form of a webhook."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from api.webhooks import destination, names


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

    def fields_of_hook(self) -> dict[str, Any]:
        """What `hooks.make` takes of it."""
        return {"url": self.cleaned_data["url"], "events": self.cleaned_data["events"]}
