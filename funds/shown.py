"""How a top-up is shown to its customer."""

import hashlib
from dataclasses import dataclass

from funds.models import TopUp

_TONES = {
    TopUp.State.OPEN: "info",
    TopUp.State.PROCESSING: "accent",
    TopUp.State.CHECKING: "accent",
    TopUp.State.REVIEW: "warning",
    TopUp.State.PAID: "success",
    TopUp.State.EXPIRED: "neutral",
    TopUp.State.FAILED: "danger",
    TopUp.State.REFUSED: "danger",
}


@dataclass(frozen=True)
class Shown:
    """A top-up as its customer sees it."""

    top_up: TopUp
    tone: str
    moves: bool
    """Whether its page should look again."""
    version: str
    """Changes when the page would."""


def look(top_up: TopUp) -> Shown:
    """The top-up with what its page needs to know. One that expired is watched on: a late payment counts."""
    moves = top_up.state in TopUp.MOVING or (top_up.state == TopUp.State.EXPIRED and top_up.next_check_at is not None)
    seen = f"{top_up.state}:{top_up.changed_at.isoformat()}:{bool(top_up.pay_url)}"
    return Shown(
        top_up=top_up,
        tone=_TONES[TopUp.State(top_up.state)],
        moves=moves,
        version=hashlib.blake2s(seen.encode(), digest_size=12).hexdigest(),
    )
