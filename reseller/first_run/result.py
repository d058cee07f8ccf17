"""What a check says: a state, words, and what to do where it is not well."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from accounts.models import User

log = logging.getLogger(__name__)


class State(StrEnum):
    """How it is: well; to be decided or good enough for a trial; or in the way of selling."""

    OK = "ok"
    TODO = "todo"
    WRONG = "wrong"


@dataclass(frozen=True)
class Result:
    """One line of the page. `todo` says what to do, `link` leads to where it is done."""

    title: str
    state: State
    words: str
    todo: str = ""
    link: str = ""
    link_text: str = ""


# What a group of checks is asked for: the results, as they concern this operator (None: nobody in particular).
Checks = Callable[[User | None], Sequence[Result]]


def well(title: str, words: str) -> Result:
    """It is as it should be."""
    return Result(title, State.OK, words)


def todo(title: str, words: str, do: str, *, link: str = "", link_text: str = "") -> Result:
    """It works for a trial, or waits for a decision."""
    return Result(title, State.TODO, words, do, link, link_text)


def wrong(title: str, words: str, do: str, *, link: str = "", link_text: str = "") -> Result:
    """Nothing should be sold as it is."""
    return Result(title, State.WRONG, words, do, link, link_text)


def safely(title: str, checks: Checks, operator: User | None) -> list[Result]:
    """The results; a check that breaks is a result too."""
    try:
        return list(checks(operator))
    except Exception as error:  # whatever it is, the other checks are still shown
        log.warning("first run: %s: %s: %s", title, type(error).__name__, error)
        why = f"This could not be checked: {type(error).__name__}."
        return [wrong(title, why, "The log of the web server has more. Mend that, then look again.")]
