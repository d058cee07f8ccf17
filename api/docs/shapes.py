"""What a JSON value looks like, with an example of itself: schema and example come from one description."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.functional import Promise


@dataclass(frozen=True)
class Shape:
    """A JSON Schema whose descriptions are translated late, a value that fits it, and what to know about it."""

    schema: dict[str, Any]
    example: Any
    about: str | Promise = ""
    parts: tuple[tuple[str, "Shape"], ...] = ()
    """The fields of an object, or of the objects in a list."""

    def meaning(self, about: str | Promise) -> "Shape":
        """The same shape with a sentence about it."""
        return replace(self, about=about)

    def notes(self) -> list[tuple[str, str | Promise]]:
        """The fields that have something said about them, also of the objects inside, each name once."""
        found: dict[str, str | Promise] = {}
        for name, part in self.parts:
            if part.about:
                found.setdefault(name, part.about)
            for inner, about in part.notes():
                found.setdefault(inner, about)
        return list(found.items())


def text(example: str) -> Shape:
    """A text."""
    return Shape({"type": "string"}, example)


def money(example: str) -> Shape:
    """USD as a decimal number in a text."""
    return Shape({"type": "string", "pattern": r"^[0-9]+\.[0-9]{2,6}$"}, example)


def digits(example: str) -> Shape:
    """A whole number in a text."""
    return Shape({"type": "string", "pattern": r"^[0-9]+$"}, example)


def whole(example: int) -> Shape:
    """A whole number from 0."""
    return Shape({"type": "integer", "minimum": 0}, example)


def named(example: int) -> Shape:
    """An id as it was asked for: a number, or the text that is none."""
    return Shape({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}]}, example)


def flag(example: bool) -> Shape:
    """True or false."""
    return Shape({"type": "boolean"}, example)


def word(example: str, *others: str) -> Shape:
    """One of a few words, the first of them as the example."""
    return Shape({"type": "string", "enum": list(dict.fromkeys([example, *others]))}, example)


def maybe(shape: Shape) -> Shape:
    """The shape or null."""
    return replace(shape, schema={"anyOf": [shape.schema, {"type": "null"}]})


def fields(**parts: Shape) -> Shape:
    """An object with exactly these fields."""
    properties = {
        name: {**part.schema, "description": part.about} if part.about else part.schema for name, part in parts.items()
    }
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(parts),
        "additionalProperties": False,
    }
    return Shape(schema, {name: part.example for name, part in parts.items()}, parts=tuple(parts.items()))


def rows(*examples: Shape) -> Shape:
    """A list whose items have one of these shapes; all of them are in the example."""
    kinds = [shape.schema for shape in examples]
    items = kinds[0] if all(kind == kinds[0] for kind in kinds) else {"anyOf": kinds}
    return Shape({"type": "array", "items": items}, [shape.example for shape in examples], parts=_parts(examples))


def by_id(**examples: Shape) -> Shape:
    """An object whose keys are what was asked for; `_23501=` stands for the key "23501"."""
    kinds: list[dict[str, Any]] = []
    for shape in examples.values():
        if shape.schema not in kinds:
            kinds.append(shape.schema)
    schema = {"type": "object", "additionalProperties": kinds[0] if len(kinds) == 1 else {"anyOf": kinds}}
    example = {name.removeprefix("_"): shape.example for name, shape in examples.items()}
    return Shape(schema, example, parts=_parts(list(examples.values())))


def _parts(shapes: Sequence[Shape]) -> tuple[tuple[str, Shape], ...]:
    return tuple(pair for shape in shapes for pair in shape.parts)
