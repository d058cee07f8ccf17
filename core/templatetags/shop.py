"""Template tags every page may use: money, times, icons, form fields, statuses, sorting."""

import functools
import json
import zoneinfo
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from django import forms, template
from django.conf import settings
from django.forms.boundfield import BoundField
from django.http import HttpRequest, QueryDict
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext
from heroicons.templatetags import heroicons

from core import money
from core.second_currency import Second

register = template.Library()


# ── Money ──────────────────────────────────────────────────────────────────────────────────────────
@register.filter
def usd(amount: Decimal | None) -> str:
    """`$1,234.50`; an empty string for nothing."""
    return "" if amount is None else money.show(amount)


@register.filter
def usd_at_a_glance(amount: Decimal | None) -> str:
    """A balance in few figures: whole cents, rounded down; less than a dollar keeps all that it has."""
    if amount is None or abs(amount) < 1:
        return usd(amount)
    return money.show(amount.quantize(Decimal("0.01"), ROUND_DOWN))


@register.filter
def signed_usd(amount: Decimal | None) -> str:
    """`+$5.00` or `−$5.00`: a movement in a statement, an amount in USD."""
    if amount is None:
        return ""
    return f"+{money.show(amount)}" if amount > 0 else money.show(amount)


@register.filter
def micros(amount: Decimal | None) -> str:
    """A whole number of micros of USD, for the data attributes that `shop.js` counts with."""
    return "" if amount is None else str(money.to_micros(amount))


@register.simple_tag
def unit_price(price: Decimal | None, per: int = 1) -> SafeString:
    """`$1.20 per 1,000` or `$0.35 each`: `price` in USD for `per` units."""
    if price is None:
        return SafeString()
    if per == 1:
        unit = pgettext("price", "each")
    else:
        unit = pgettext("price", "per %(count)s") % {"count": f"{per:,}"}
    return format_html(
        '<span class="nowrap">{} <span class="faint small">{}</span></span>',
        money.show(price),
        unit,
    )


def second_shown(context: Context) -> Second | None:
    """The second currency that the reader sees; None where there is none, or where the reader switched it off."""
    second: Second | None = context.get("SECOND")
    return second if second and not context.get("SECOND_OFF") else None


@register.simple_tag(takes_context=True)
def approx(context: Context, amount: Decimal | None, live: bool = False) -> SafeString:
    """`≈ €12.30`: about what an amount in USD is in the second currency that the reader sees, if any.

    The rate and its day are on hover; a `live` one follows the order form's total.
    """
    second = second_shown(context)
    if second is None or (amount is None and not live):
        return SafeString()
    return format_html(
        '<span class="approx nowrap" title="{}" data-total="{}">{}</span>',
        gettext("Approximate: 1 USD = %(rate)s %(code)s on %(day)s. You pay in US dollars.")
        % {"rate": f"{second.rate.normalize():f}", "code": second.code, "day": second.as_of.isoformat()},
        "approx" if live else "",
        "–" if amount is None else second.about(amount),
    )


@register.filter
def duration(seconds: int | None) -> str:
    """`40 s`, `12 min`, `3 h` or `2 days`: how long something usually takes; an empty string for nothing."""
    if seconds is None:
        return ""
    if seconds < 90:
        return gettext("%(count)d\u00a0s") % {"count": seconds}
    if seconds < 90 * 60:
        return gettext("%(count)d\u00a0min") % {"count": round(seconds / 60)}
    if seconds < 36 * 3600:
        return gettext("%(count)d\u00a0h") % {"count": round(seconds / 3600)}
    days = round(seconds / 86_400)
    return ngettext("%(count)d\u00a0day", "%(count)d\u00a0days", days) % {"count": days}


@register.filter
def grouped(number: int | None) -> str:
    """`12,500`: a count with thousands set apart as in amounts; an empty string for nothing."""
    return "" if number is None else f"{number:,}"


# ── Times ──────────────────────────────────────────────────────────────────────────────────────────
def ago(moment: datetime, now: datetime) -> str:
    """How long ago in words, to the minute, hour or day; from thirty days on, and ahead, the date."""
    passed = now - moment
    if abs(passed) < timedelta(minutes=1):
        return gettext("just now")
    if passed < timedelta(0) or passed >= timedelta(days=30):
        return timezone.localtime(moment).strftime("%Y-%m-%d")
    if passed < timedelta(hours=1):
        count = passed // timedelta(minutes=1)
        return ngettext("%(count)d minute ago", "%(count)d minutes ago", count) % {"count": count}
    if passed < timedelta(days=1):
        count = passed // timedelta(hours=1)
        return ngettext("%(count)d hour ago", "%(count)d hours ago", count) % {"count": count}
    count = passed.days
    return ngettext("%(count)d day ago", "%(count)d days ago", count) % {"count": count}


@register.simple_tag
def timestamp(moment: datetime | None, form: str = "ago") -> SafeString:
    """A `<time>` element in the reader's zone; an empty string for nothing.

    `ago` (default): relative, kept up to date by `shop.js`, the exact one on hover. `exact`: date and
    time to the minute. `date`: the day alone.
    """
    if moment is None:
        return SafeString()
    local = timezone.localtime(moment)
    full = local.strftime("%Y-%m-%d %H:%M:%S %Z")
    if form == "ago":
        return format_html(
            '<time class="nowrap" datetime="{}" title="{}" data-relative>{}</time>',
            moment.isoformat(timespec="seconds"),
            full,
            ago(moment, timezone.now()),
        )
    shape = "%Y-%m-%d" if form == "date" else "%Y-%m-%d %H:%M"
    return format_html(
        '<time class="nowrap" datetime="{}" title="{}">{}</time>',
        moment.isoformat(timespec="seconds"),
        full,
        local.strftime(shape),
    )


@register.simple_tag(takes_context=True)
def reader_zone(context: Context) -> str:
    """The time zone the signed-in reader chose, or nothing: the browser's own is best then."""
    name = getattr(context.get("user"), "time_zone", "")
    try:
        return zoneinfo.ZoneInfo(name).key if name else ""
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return ""


# ── Icons ──────────────────────────────────────────────────────────────────────────────────────────
@functools.lru_cache(maxsize=512)
def _icon(name: str, size: int) -> str:
    draw = {16: heroicons.heroicon_micro, 20: heroicons.heroicon_mini}.get(size, heroicons.heroicon_outline)
    return str(draw(name, size=size, aria_hidden="true"))


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """An inline icon of Heroicons, hidden from screen readers: 16 and 20 are filled, 24 an outline.

    The words beside it, or an `aria-label` on the button around it, say what it means.
    """
    return SafeString(_icon(str(name), size))  # nosec B703 B308 - drawn by the package, from names in our templates


# ── Statuses ───────────────────────────────────────────────────────────────────────────────────────
# What a stored status looks like; whatever is not named here is neutral.
TONES = {
    "PLACED": "info",
    "SUBMITTING": "info",
    "RUNNING": "accent",
    "COMPLETED": "success",
    "PARTIAL": "warning",
    "CANCELED": "neutral",
    "REJECTED": "danger",
    "UNCERTAIN": "warning",
    "OPEN": "info",
    "ACTIVE": "accent",
    "PAUSED": "warning",
    "DONE": "success",
    "STOPPED": "neutral",
    "CAPTURED": "success",
    "RELEASED": "neutral",
}
# These change by themselves: their dot breathes.
LIVE = {"PLACED", "SUBMITTING", "RUNNING"}


@register.simple_tag
def status(code: str, label: str = "", tone: str = "") -> SafeString:
    """A pill for a stored status; `label` is what the customer reads, `tone` overrules the colour."""
    return format_html(
        '<span class="pill tone-{}{}">{}</span>',
        tone or TONES.get(code, "neutral"),
        " pill-live" if code in LIVE else "",
        label or code.replace("_", " ").capitalize(),
    )


MESSAGE_TONES = {"debug": "neutral", "info": "info", "success": "success", "warning": "warning"}
TONE_ICONS = {
    "success": "check-circle",
    "warning": "exclamation-triangle",
    "danger": "exclamation-circle",
}


@register.filter
def message_tone(level: str) -> str:
    """The tone of a message by its `level_tag`."""
    return MESSAGE_TONES.get(level, "danger")


@register.filter
def tone_icon(tone: str) -> str:
    """The icon that stands for a tone."""
    return TONE_ICONS.get(tone, "information-circle")


# ── Forms ──────────────────────────────────────────────────────────────────────────────────────────
def _kind(widget: forms.Widget) -> str:
    """Which shape of `components/field.html` a widget takes."""
    match widget:
        case forms.CheckboxInput():
            return "check"
        case forms.RadioSelect() | forms.CheckboxSelectMultiple():
            return "choices"
        case forms.Select():
            return "select"
        case forms.Textarea():
            return "textarea"
        case forms.PasswordInput():
            return "password"
    return "input"


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField,
    label: str = "",
    hint: str | None = None,
    lead: str = "",
    tail: str = "",
    css: str = "",
    **attrs: Any,
) -> dict[str, object]:
    """A form field with its label, hint and errors beside it.

    `label` and `hint` overrule the form's; `lead` and `tail` stand inside the frame (`$`, a unit); `css`
    adds classes to the control; anything else becomes an attribute (`data_quantity=True`, `autofocus=True`).
    """
    kind = _kind(bound.field.widget)
    hint = str(bound.help_text) if hint is None else hint
    identity = bound.auto_id or bound.html_name
    described = [name for name, there in [(f"{identity}_error", bound.errors), (f"{identity}_helptext", hint)] if there]
    shown: dict[str, Any] = {"placeholder": bound.field.widget.attrs.get("placeholder_text", False)}
    shown |= {name.replace("_", "-"): value for name, value in attrs.items()}
    if described:
        shown["aria-describedby"] = " ".join(described)
    base = {"select": "select", "textarea": "textarea", "check": "", "choices": ""}.get(kind, "input")
    if classes := f"{base} {css}".strip():
        shown["class"] = classes
    return {
        "bound": bound,
        "control": bound if kind == "choices" else bound.as_widget(attrs=shown),
        "kind": kind,
        "identity": identity,
        "label": label or bound.label,
        "hint": hint,
        "lead": lead,
        "tail": tail,
        "described": " ".join(described),
        "optional": not bound.field.required and kind not in {"check", "choices", "select"},
    }


# ── Lists ──────────────────────────────────────────────────────────────────────────────────────────
@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(context: Context, key: str, label: str, default: str = "", css: str = "") -> dict[str, object]:
    """A `<th>` that sorts by `key`: `?sort=key`, and `?sort=-key` when clicked again; `default` is the order
    of a page without `sort`. Other parameters stay, the page number goes."""
    request: HttpRequest = context["request"]
    current = request.GET.get("sort", default)
    direction = {key: "ascending", f"-{key}": "descending"}.get(current, "")
    query = request.GET.copy()
    for place in ("page", "before", "since"):
        query.pop(place, None)
    query["sort"] = f"-{key}" if direction == "ascending" else key
    return {"label": label, "direction": direction, "query": query.urlencode(), "css": css}


@register.simple_tag(takes_context=True)
def page_address(context: Context, number: int) -> str:
    """The query of another page of a list, beside what stands in `address` or else in the request's address."""
    address: QueryDict | None = context.get("address")
    query = (context["request"].GET if address is None else address).copy()
    query["page"] = str(number)
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def csrf_headers(context: Context) -> str:
    """The JSON for `hx-headers`, so that htmx's requests pass the CSRF check."""
    return json.dumps({"X-CSRFToken": str(context.get("csrf_token", ""))})


@register.simple_tag
def shop_name() -> str:
    """The shop's name where no context is to be had: the page for a broken shop."""
    return str(settings.SHOP_NAME)
