"""The little markup that terms are written in, as a structure: templates draw it, so nothing in it can be HTML.

`# Heading` and `## Smaller heading`, paragraphs between empty lines, lists of lines that begin with `- ` or `1. `,
`**strong**`, and `[words](https://…)`. Whatever else is written is shown as it is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_SPAN = re.compile(
    r"\*\*(?P<strong>[^*\n]+)\*\*|\[(?P<words>[^\]\n]+)\]\((?P<url>(?:https?://|mailto:)[^\s()<>\"']+)\)"
)
_HEADING = re.compile(r"(#{1,3}) +(.+)")
_ITEM = re.compile(r"[-*] +(.+)")
_NUMBERED = re.compile(r"[0-9]{1,3}[.)] +(.+)")


@dataclass(frozen=True)
class Span:
    """A run of text; `url` makes it a link."""

    text: str
    strong: bool = False
    url: str = ""


@dataclass
class Block:
    """A heading (`h2`, `h3`), a paragraph (`p`), or a list (`ul`, `ol`); a list has a line for each item."""

    kind: str
    lines: list[list[Span]] = field(default_factory=list)


def parse(text: str) -> list[Block]:
    """The blocks of a text, from top to bottom."""
    blocks: list[Block] = []
    fresh = True
    for line in text.splitlines():
        line = line.strip()
        if not line:
            fresh = True
            continue
        kind, content = _read(line)
        # Lines of one paragraph, and items of one list, belong together; headings stand alone.
        if fresh or kind in ("h2", "h3") or not blocks or blocks[-1].kind != kind:
            blocks.append(Block(kind))
        blocks[-1].lines.append(list(_spans(content)))
        fresh = False
    return blocks


def _read(line: str) -> tuple[str, str]:
    if match := _HEADING.fullmatch(line):
        return ("h2" if len(match[1]) == 1 else "h3"), match[2]
    if match := _ITEM.fullmatch(line):
        return "ul", match[1]
    if match := _NUMBERED.fullmatch(line):
        return "ol", match[1]
    return "p", line


def _spans(text: str) -> Iterator[Span]:
    end = 0
    for match in _SPAN.finditer(text):
        if match.start() > end:
            yield Span(text[end : match.start()])
        if match["strong"]:
            yield Span(match["strong"], strong=True)
        else:
            yield Span(match["words"], url=match["url"])
        end = match.end()
    if end < len(text):
        yield Span(text[end:])
