"""The words of the protocol, and how an action says no."""

from datetime import UTC, datetime

from api.refusals import Refusal

BAD_KEY = "BAD_KEY"
BAD_ACTION = "BAD_ACTION"
BAD_SERVICE = "BAD_SERVICE"
BAD_STATUS = "BAD_STATUS"
NO_NUMBERS = "NO_NUMBERS"
NO_BALANCE = "NO_BALANCE"
NO_ACTIVATION = "NO_ACTIVATION"
WRONG_MAX_PRICE = "WRONG_MAX_PRICE"
EARLY_CANCEL_DENIED = "EARLY_CANCEL_DENIED"
ORDER_ALREADY_EXISTS = "ORDER_ALREADY_EXISTS"
BANNED = "BANNED"
ACCOUNT_INACTIVE = "ACCOUNT_INACTIVE"
# A fault of ours: the only word that the protocol has for it.
ERROR_SQL = "ERROR_SQL"

USD = 840
"""US dollars as ISO 4217 numbers them."""


def barred(until: datetime | None) -> str:
    """Who may not ask now: with the moment, in UTC, from which they may again, where there is one."""
    return f"{BANNED}:{until.astimezone(UTC):%Y-%m-%d %H-%M-%S}" if until is not None else ACCOUNT_INACTIVE


class Says(Refusal):
    """A request that is not carried out, in a word of the protocol; `why`, where given, is for the customer's log."""

    def __init__(self, word: str, *, why: str = "") -> None:
        self.word = word
        super().__init__(f"{word}: {why}" if why else word)
