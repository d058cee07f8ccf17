"""Is the vendor there, does it take our key, and is there money, in dollars? One small question answers all."""

from urllib.parse import urlsplit

from django.conf import settings
from redis import RedisError

from accounts.models import User
from core.money import CURRENCY, show
from reseller.first_run.result import Result, todo, well, wrong
from upstream.client import Held, Refused, Unanswered, UpstreamError, client
from upstream.pace import current_pace
from upstream.probe import WORDS
from upstream.replies import Balance

# Seconds that the vendor has for its answer: somebody looks at the page meanwhile.
PATIENCE = 4.0
_TRY_AGAIN = "Set UPSTREAM_URL, start web, worker and beat again, and look here once more."


def vendor(operator: User | None) -> list[Result]:
    """Connection, key, balance."""
    try:
        return [*_where(), *_asked()]
    except RedisError:
        words = "Nobody can tell: the broker is away, and by it all calls keep their pace."
        return [*_where(), wrong("Connection to the vendor", words, "Mend the broker first: see “Behind the shop”.")]


def _asked() -> list[Result]:
    try:
        told = client().balance(patience=PATIENCE)
    except UpstreamError as error:
        return _failed(error)
    return [
        well("Connection to the vendor", f"{_host()} answers."),
        well("Key to the vendor", "It is accepted."),
        _balance(told),
    ]


def _host() -> str:
    """Without what may stand before it: a name and a password."""
    return urlsplit(settings.UPSTREAM_URL).netloc.rpartition("@")[2]


def _where() -> list[Result]:
    """Whether it is the vendor at all: the sandbox sells nothing."""
    if urlsplit(settings.UPSTREAM_URL).hostname not in ("127.0.0.1", "localhost", "::1"):
        return []
    return [
        todo(
            "Vendor or sandbox",
            f"{_host()} is this machine: the sandbox, from which nothing is bought.",
            "Good for a trial. To sell, set UPSTREAM_URL to the vendor's address and UPSTREAM_KEY to your key.",
        )
    ]


def _failed(error: UpstreamError) -> list[Result]:
    word = current_pace().weather().all.word
    if word == "key":
        return [
            well("Connection to the vendor", f"{_host()} answers."),
            wrong(
                "Key to the vendor",
                "It is rejected.",
                "Copy it anew from the vendor's page of your account into UPSTREAM_KEY, and start web, worker and "
                "beat again. Until then purchases wait; no customer is charged.",
            ),
        ]
    if isinstance(error, Refused):
        return [
            well("Connection to the vendor", f"{_host()} answers."),
            wrong("Balance with the vendor", f"It does not tell: “{error.words[:200]}”.", "Ask the vendor why."),
        ]
    if isinstance(error, Held):
        why = WORDS.get(word, "calls are paused")
        words = f"{_host()}: {why}. Calls rest for a little while, and one tries again by itself."
    elif isinstance(error, Unanswered):
        words = f"{_host()} does not answer as it should: {str(error)[:200]}."
    else:
        words = f"{_host()} can't be reached: {str(error)[:200]}."
    return [wrong("Connection to the vendor", words, f"Is the address right, and the vendor up? {_TRY_AGAIN}")]


def _balance(told: Balance) -> Result:
    title = "Balance with the vendor"
    currency = told.currency.strip().upper()[:10]
    if currency != CURRENCY:
        return wrong(
            title,
            f"It is kept in {currency or 'no currency'}, and its prices would be read as dollars.",
            f"Have the vendor set your account to {CURRENCY}.",
        )
    if told.balance <= 0:
        return wrong(title, f"It is {show(told.balance)}.", "Top it up there: without it orders wait.")
    if told.balance < settings.UPSTREAM_LOW_BALANCE:
        return todo(
            title,
            f"{show(told.balance)} {currency}, which is less than UPSTREAM_LOW_BALANCE "
            f"({show(settings.UPSTREAM_LOW_BALANCE)}).",
            "Top it up there, or set a lower bound: below it you get an alert.",
        )
    return well(title, f"{show(told.balance)} {currency}.")
