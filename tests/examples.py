"""How many examples a property is tried with."""

from django.conf import settings


def examples(count: int) -> int:
    """`count` on SQLite; a quarter on PostgreSQL, where each takes several times as long."""
    return max(count // 4, 5) if settings.ON_POSTGRES else count
