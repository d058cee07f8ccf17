"""What is answered instead: an error in words, with HTTP 200, as clients of both dialects expect.

Two cases have a status of their own, since a careful client must tell them apart: haste (429, nothing happened),
and a purchase that may or may not have been made (503, never a plain “no”).
"""

from datetime import datetime

INVALID_KEY = "Invalid API key"
INVALID_ACTION = "Invalid action"
READ_ONLY = "This API key may only read"
WRONG_ADDRESS = "This API key may not be used from this address"
POST_ONLY = "Send requests by POST: what stands in an address ends up in logs, your key too"
UNREADABLE = "The request could not be read"
OUR_FAULT = "Something went wrong on our side. Try again"


class Refusal(Exception):
    """A request that is not carried out; `words` are for the customer."""

    status = 200

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__(words)


class Denied(Refusal):
    """The key opens nothing, or not this."""


class Suspended(Denied):
    """The key's owner may not use the API, until then if an end is set."""

    def __init__(self, words: str, *, until: datetime | None) -> None:
        self.until = until
        super().__init__(words)


class NoAction(Refusal):
    """Nothing of that name can be asked for."""


class TooMany(Refusal):
    """Too many requests: nothing happened. May come again after `seconds`."""

    status = 429

    def __init__(self, words: str, *, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(words)


class Unknown(Refusal):
    """A purchase that may have been made, or still may be."""

    status = 503
