"""The forms that a description has: a dialect, its actions, their parameters and answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from api.access import Action
from api.docs.shapes import Shape

Text = str | Promise


@dataclass(frozen=True)
class Param:
    """A parameter of a request."""

    name: str
    about: Text
    kind: str = "text"
    """`text`, `whole` (a number from 0) or `ids` (numbers between commas)."""
    required: bool = False
    example: str = ""
    """In the examples; a parameter without one is left out of them."""
    known_as: str = ""
    """What of the reader's own stands in for the example: see `known`."""

    @property
    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        match self.kind:
            case "whole":
                form: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
            case "ids":
                form = {"type": "string", "pattern": "^[0-9]{1,18}(,[0-9]{1,18}){0,99}$"}
            case _:
                form = {"type": "string"}
        return {**form, "description": self.about}

    def value(self, known: Mapping[str, str]) -> str:
        """What the examples have."""
        return known.get(self.known_as, self.example) if self.example else ""


@dataclass(frozen=True)
class Answer:
    """What comes back, and when it looks like this."""

    shape: Shape
    when: Text = ""


@dataclass(frozen=True)
class Entry:
    """An action as it is described."""

    action: str
    about: Text
    params: tuple[Param, ...]
    answers: tuple[Answer, ...]
    note: Text = ""
    """What else is worth knowing."""

    def values(self, known: Mapping[str, str]) -> dict[str, str]:
        """The parameters of its example without the key."""
        given = {param.name: param.value(known) for param in self.params}
        return {"action": self.action, **{name: value for name, value in given.items() if value}}

    @property
    def notes(self) -> list[tuple[str, Text]]:
        """What is said about fields of its answers."""
        found: dict[str, Text] = {}
        for answer in self.answers:
            for name, about in answer.shape.notes():
                found.setdefault(name, about)
        return list(found.items())


@dataclass(frozen=True)
class Dialect:
    """An endpoint with its actions, in the order of the page."""

    name: str
    path: str
    title: Text
    about: Text
    entries: tuple[Entry, ...]
    actions: Mapping[str, Action]

    def writes(self, entry: Entry) -> bool:
        """Whether the action needs a key that may buy."""
        return self.actions[entry.action].writes
