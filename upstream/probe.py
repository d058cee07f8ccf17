"""Try the vendor again after the breaker's rest, and tell the operators when it stays away.

The question is the one for our balance: small, harmless, and worth knowing after a pause.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from core.alerts import alert, resolve
from core.models import Alert
from upstream.balance import read_balance
from upstream.pace import Weather, current_pace

PAUSED = "upstream:paused"
# What is over as soon as calls flow again.
OVER = [PAUSED, "upstream:key"]

# The breaker's words, for operators.
WORDS = {
    "unreachable": "no connection can be made",
    "failing": "it does not answer, or not as it should",
    "slow down": "it asks us to slow down",
    "key": "it rejects our key",
}


def probe(*, now: datetime) -> Weather:
    """Let the one call through that tries, if it is its time; returns how the pace stands afterwards.

    Raises `redis.RedisError` when the shared pace is away.
    """
    weather = current_pace().weather()
    tries = weather.all.since and weather.room("ask", 1)
    if tries:
        read_balance(now=now)
        weather = current_pace().weather()
    raised = Alert.objects.filter(key__in=OVER, resolved_at=None)
    # A purchase may try and none does: nothing waits.
    idle = weather.only_purchases and weather.state == "half-open" and weather.buy.tried_for <= 0
    if weather.state == "closed" or idle:
        for key in list(raised.values_list("key", flat=True)):
            resolve(key=key, now=now)
    elif tries or not raised.filter(key=PAUSED).exists():
        _warn(weather, now)
    return weather


def _warn(weather: Weather, now: datetime) -> None:
    patience = timedelta(minutes=settings.UPSTREAM_PAUSE_ALERT_MINUTES)
    if weather.since is None or now - weather.since < patience:
        return
    what = "Purchases from the vendor have" if weather.only_purchases else "Calls to the vendor have"
    minutes = int((now - weather.since).total_seconds() // 60)
    since = f"{timezone.localtime(weather.since):%Y-%m-%d %H:%M:%S %Z}"
    alert(
        key=PAUSED,
        subject=f"{what} been paused for {minutes} minutes: {WORDS.get(weather.worst.word, weather.worst.word)}",
        detail=f"{weather.worst.reason}\nSince {since}. One call tries now and then; what was placed waits, and goes "
        "out by itself when it gets through, the oldest first.",
        severity=Alert.Severity.CRITICAL,
        now=now,
    )
