"""Template tags for numbers: flags, countries, phones, how well codes come, states."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import phonenumbers
from django import template
from django.forms.boundfield import BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.templatetags import shop
from sms import phones, states
from sms.late import late
from sms.models import Country, Number, Project, Purchase
from sms.terms import Terms

register = template.Library()

TONES = {
    states.WAITING: "info",
    states.RECEIVED: "success",
    states.FINISHED: "success",
    states.EXPIRED: "neutral",
    states.CANCELED: "neutral",
}


class Dialling(NamedTuple):
    """A phone number's two parts: `+1` and what is dialled after it."""

    code: str
    rest: str


@register.simple_tag
def flag(country: Country) -> SafeString:
    """The country's flag, for the eye only; `board.js` puts the region's letters where a system draws no flags."""
    return format_html(
        '<span class="sms-flag" data-region="{}" aria-hidden="true">{}</span>',
        country.region,
        phones.flag(country.region),
    )


@register.filter
def country(country: Country) -> str:
    """The country's name in the reader's language."""
    return phones.country_name(country.region, country.name)


@register.filter
def phone(number: Number) -> str:
    """The number in groups, or as the vendor wrote it where it can't be read."""
    return phones.display(number.e164) if number.e164 else number.phone


@register.filter
def dialling(number: Number) -> Dialling | None:
    """The dial code and the rest: many sites ask for them apart. Nothing where the number can't be read."""
    try:
        parsed = phonenumbers.parse(number.e164)
    except phonenumbers.NumberParseException:
        return None
    return Dialling(f"+{parsed.country_code}", phonenumbers.national_significant_number(parsed))


@register.filter
def charged(project: Project, terms: Terms) -> Decimal:
    """USD that one number of the project is charged on the reader's terms."""
    return terms.price(project)


@register.filter
def seconds(count: int) -> str:
    """`12 s`, `3 min`."""
    if count < 90:
        return _("%(count)d\u00a0s") % {"count": count}
    return _("%(count)d\u00a0min") % {"count": round(count / 60)}


@register.filter
def delivers(project: Project) -> str:
    """`87% in 12 s`; empty while there are too few numbers to say."""
    if project.delivery_rate is None:
        return ""
    rate = f"{project.delivery_rate}%"
    if project.median_seconds is None:
        return rate
    return _("%(rate)s in %(time)s") % {"rate": rate, "time": seconds(project.median_seconds)}


@register.simple_tag
def number_status(number: Number) -> SafeString:
    """The pill of a number; its dot breathes while a code may still come."""
    code = "RUNNING" if number.state == states.WAITING else number.state
    return shop.status(code, number.get_state_display(), TONES[number.state])


@register.filter
def missing(purchase: Purchase) -> int:
    """How many numbers of an accepted purchase did not come."""
    return purchase.quantity - len(purchase.numbers.all())


@register.filter
def is_late(purchase: Purchase, now: datetime) -> bool:
    """Whether it takes longer than it should to get the numbers."""
    return late(purchase, now)


@register.filter
def price_of(purchase: Purchase, count: int) -> Decimal:
    """USD set aside for `count` numbers of a purchase."""
    return purchase.price * count


@register.filter
def paid(number: Number) -> Decimal:
    """USD that the customer paid for the number in the end."""
    hold = number.slot.hold
    return hold.captured - hold.refunded


@register.simple_tag
def quantity_input(bound: BoundField) -> SafeString:
    """The field of a stepper, which carries its error as every field does."""
    attrs: dict[str, str | bool] = {"class": "input sms-stepper-input", "data-quantity": True}
    if bound.errors:
        attrs["aria-describedby"] = f"{bound.auto_id}_error"
    return bound.as_widget(attrs=attrs)
