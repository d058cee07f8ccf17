"""The form of the profile page: name, language, time zone."""

import zoneinfo
from datetime import datetime
from pathlib import Path
from typing import Any

from babel import Locale
from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext_lazy as _

from accounts.models import User

AREAS = {
    "Africa": _("Africa"),
    "America": _("America"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific"),
}
# Unicode's tables of cities keep the first name that a time zone had.
FORMER = {
    "Africa/Asmara": "Africa/Asmera",
    "America/Argentina/Buenos_Aires": "America/Buenos_Aires",
    "America/Argentina/Catamarca": "America/Catamarca",
    "America/Argentina/Cordoba": "America/Cordoba",
    "America/Argentina/Jujuy": "America/Jujuy",
    "America/Argentina/Mendoza": "America/Mendoza",
    "America/Atikokan": "America/Coral_Harbour",
    "America/Indiana/Indianapolis": "America/Indianapolis",
    "America/Kentucky/Louisville": "America/Louisville",
    "America/Nuuk": "America/Godthab",
    "Asia/Ho_Chi_Minh": "Asia/Saigon",
    "Asia/Kathmandu": "Asia/Katmandu",
    "Asia/Kolkata": "Asia/Calcutta",
    "Asia/Yangon": "Asia/Rangoon",
    "Atlantic/Faroe": "Atlantic/Faeroe",
    "Europe/Kyiv": "Europe/Kiev",
    "Pacific/Chuuk": "Pacific/Truk",
    "Pacific/Pohnpei": "Pacific/Ponape",
}


def zone_names() -> list[str]:
    """The time zones people live in: one name each where the system's table of zones says so."""
    for folder in zoneinfo.TZPATH:
        table = Path(folder) / "zone.tab"
        if table.is_file():
            lines = table.read_text(encoding="utf-8").splitlines()
            names = {line.split("\t")[2] for line in lines if line and not line.startswith("#")}
            break
    else:
        names = zoneinfo.available_timezones()
    return sorted(name for name in names if name.partition("/")[0] in AREAS)


def zone_label(name: str, now: datetime) -> str:
    """`Hong Kong (UTC+08:00)`, with the offset that holds at `now`."""
    offset = now.astimezone(zoneinfo.ZoneInfo(name)).strftime("%z")
    return f"{_place(name)} (UTC{offset[:3].replace('-', '−')}:{offset[3:5]})"


def _place(name: str) -> str:
    """The city a time zone is named after, in the reader's language as far as it is known."""
    language = to_locale(get_language() or "en")
    if not language.startswith("en"):
        city = Locale.parse(language).time_zones.get(FORMER.get(name, name), {}).get("city")
        if city:
            return str(city)
    return name.partition("/")[2].replace("_", " ").replace("/", " – ")


def zone_choices(now: datetime) -> list[Any]:
    """Choices for a select, grouped by part of the world, by name within it."""
    groups: dict[str, list[tuple[str, str]]] = {area: [] for area in AREAS}
    for name in zone_names():
        groups[name.partition("/")[0]].append((name, zone_label(name, now)))
    return [("UTC", "UTC"), *((AREAS[area], zones) for area, zones in groups.items() if zones)]


class ZoneField(forms.ChoiceField):
    """Offers one name for each zone but takes every name the system knows: browsers still report old ones."""

    def valid_value(self, value: Any) -> bool:
        return str(value) in zoneinfo.available_timezones()


class ProfileForm(forms.ModelForm):
    """What a person may change about themselves without proving who they are again."""

    name = forms.CharField(
        label=_("Name"),
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text=_("How we address you. Only we see it."),
    )
    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = ZoneField(label=_("Time zone"), required=False)
    login_alerts = forms.BooleanField(
        label=_("Tell me by e-mail of log-ins from somewhere new"),
        required=False,
        help_text=_("When a browser or a network is used for the first time."),
    )

    class Meta:
        model = User
        fields = ["language", "time_zone", "login_alerts"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["name"] = self.instance.get_full_name()
        self.fields["language"].choices = [  # type: ignore[attr-defined]
            ("", _("As my browser asks")),
            *settings.LANGUAGES,
        ]
        now = timezone.now()
        choices = zone_choices(now)
        chosen = self["time_zone"].value() or ""
        offered = {name for _area, zones in choices[1:] for name, _label in zones} | {"UTC"}
        if chosen not in offered and chosen in zoneinfo.available_timezones():
            choices.insert(0, (chosen, chosen))
        default = _("The shop's own (%(zone)s)") % {"zone": settings.TIME_ZONE}
        self.fields["time_zone"].choices = [("", default), *choices]  # type: ignore[attr-defined]

    def save(self, commit: bool = True) -> User:
        # One field for the whole name: not everybody's has a first and a last part.
        self.instance.first_name = self.cleaned_data["name"]
        self.instance.last_name = ""
        return super().save(commit)
