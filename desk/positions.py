"""Positions of items as people write them: `1, 3-5`."""

import re

from django.utils.translation import gettext as _

MOST = 500
_PART = re.compile(r"([0-9]{1,6})(?:\s*[-–]\s*([0-9]{1,6}))?")


class BadPositions(ValueError):
    """The text names no positions; says what is wrong."""


def parse(text: str) -> list[int]:
    """The positions, each once, in order; none for an empty text. Raises `BadPositions`."""
    found: set[int] = set()
    for part in re.split(r"[,;\s]+", re.sub(r"\s*[-–]\s*", "-", text.strip().replace("#", ""))):
        if not part:
            continue
        match = _PART.fullmatch(part)
        if not match:
            raise BadPositions(_("Enter numbers of items, such as 1, 3-5."))
        first, last = int(match[1]), int(match[2] or match[1])
        if first < 1 or last < first or last - first >= MOST or len(found) + last - first >= MOST:
            raise BadPositions(_("Enter numbers of items, such as 1, 3-5."))
        found.update(range(first, last + 1))
    return sorted(found)


def show(positions: list[int]) -> str:
    """`1, 3, 4`."""
    return ", ".join(map(str, positions))
