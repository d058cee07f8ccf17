"""Write the e-mail for some notices of one kind to one customer, in their language and time zone."""

import zoneinfo
from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from notices.kinds import WORDS, Kind
from notices.models import Notice
from notices.switch import token_for

# More than this are counted, not listed.
LINES = 20


class _Told(dict[str, str]):
    """What `tell` was given. A word that is missing leaves a gap rather than an e-mail that can't be written."""

    def __missing__(self, _name: str) -> str:
        return "–"


def compose(customer: User, address: str, notices: Sequence[Notice]) -> EmailMessage:
    """An e-mail about `notices`, which are of one kind and not empty."""
    kind = Kind(notices[0].kind)
    words = WORDS[kind]
    told = [_Told(notice.about) for notice in notices]
    language = customer.language or settings.LANGUAGE_CODE
    mailing = notices[0].mailing
    with translation.override(language), timezone.override(_zone(customer)):
        stop_url = _absolute(reverse("notices:stop", args=[token_for(customer.pk, kind)]))
        lines = [
            {
                "at": timezone.localtime(notice.made_at).strftime("%Y-%m-%d %H:%M %Z"),
                "text": _one_line(str(words.line) % about),
                "url": _absolute(notice.link) if notice.link else "",
            }
            for notice, about in list(zip(notices, told, strict=True))[:LINES]
        ]
        page: dict[str, Any] = {
            "lines": lines,
            "more": len(notices) - len(lines),
            "stop_url": stop_url,
            "settings_url": _absolute(reverse("notices:switches")),
            "shop_name": settings.SHOP_NAME,
        }
        title = words.subject(list(told))
        if mailing is None:
            text = render_to_string("notices/email.txt", page)
        else:
            title, page["text"] = mailing.words(language)
            text = render_to_string("notices/news.txt", page)
        subject = _one_line(f"{settings.EMAIL_SUBJECT_PREFIX}{title}")[:200]
    return EmailMessage(
        subject,
        text,
        to=[address],
        headers={
            "List-Unsubscribe": f"<{stop_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )


def _one_line(text: str) -> str:
    """Names come from others: a line break in one must not forge a header or a line of ours."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _absolute(path: str) -> str:
    return f"{settings.SHOP_URL}{path}"


def _zone(customer: User) -> tzinfo:
    try:
        return zoneinfo.ZoneInfo(customer.time_zone or settings.TIME_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo(settings.TIME_ZONE)
