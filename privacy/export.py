"""Hand somebody a copy of everything that the shop keeps of them: at most one an hour."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from privacy import archive, collect
from privacy.models import Export

# It reads everything there is, so not at every click.
EVERY = timedelta(hours=1)


class TooSoon(Exception):
    """There was one within the hour; says when the next can be had."""

    def __init__(self, *, wait: timedelta) -> None:
        minutes = max(1, -(-int(wait.total_seconds()) // 60))
        super().__init__(
            ngettext(
                "You had a copy within the last hour. The next one can be made in %(count)d minute.",
                "You had a copy within the last hour. The next one can be made in %(count)d minutes.",
                minutes,
            )
            % {"count": minutes}
        )


def last(customer: User) -> datetime | None:
    """When the newest copy was begun."""
    return Export.objects.filter(customer=customer).order_by("-at").values_list("at", flat=True).first()


def copy(*, customer: User, now: datetime) -> Iterator[bytes]:
    """The bytes of a ZIP file, made as they are read. Raises `TooSoon`, before anything is read."""
    with transaction.atomic():
        # Locked, so that two clicks at once make one copy.
        User.objects.select_for_update(no_key=True).get(pk=customer.pk)
        before = last(customer)
        if before is not None and now - before < EVERY:
            raise TooSoon(wait=EVERY - (now - before))
        Export.objects.create(customer=customer, at=now)
    readme = _(
        "What %(shop)s keeps of you, as of %(time)s UTC.\n\n"
        "Each table is there twice: .json for programs, .csv for spreadsheets. Amounts are US dollars, times are UTC.\n"
        "Passwords, keys and other secrets that open your account are not in it. The goods and messages that you "
        "bought are: keep this file safe.\n"
    ) % {"shop": settings.SHOP_NAME, "time": now.strftime("%Y-%m-%d %H:%M")}
    return archive.stream(collect.tables(customer), readme=readme, now=now)
