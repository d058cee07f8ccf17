"""Parts of a page that are drawn once and kept, with holes for what is the reader's own.

    {% drawn_once signed_in=user.is_authenticated %}
      the same for all that are signed in … {% drawn_anew %}{{ user.email }}{% enddrawn_anew %} …
    {% enddrawn_once %}

`{% drawn_once on shown … %}` keeps the text in the dict `drawn` of the object `shown`, and lives as long. The object
is one more fact, and must be the same for every reader.

What is inside `drawn_once` sees the facts that the tag names, the language, and nothing else: no request, no person, no
token. So what is kept can't be wrong for anybody, and never goes out of date. What is inside `drawn_anew` is drawn each
time and sees the page as any template does, but no name that was set inside the kept part around it.
"""

import functools
import secrets
from typing import Any

from django import template
from django.template.base import FilterExpression, Node, NodeList, Parser, Template, Token, token_kwargs
from django.template.context import Context
from django.template.engine import Engine
from django.template.exceptions import TemplateSyntaxError
from django.template.loader_tags import BlockNode
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()

# Texts kept of each part: one for each language and what the facts say. The frame's weigh about 10 kB.
KEPT = 64
# Facts that are equal only where they look the same: 1 would be taken for True, and a text that counts as safe for one
# that does not.
_FACTS = (str, bool, type(None))
# Stands where a hole is while a part is drawn; nobody outside of this process knows it, so no text has it in it.
_HOLE = secrets.token_hex(16)


class _Alone(Context):
    """What a part sees while it is drawn: facts; and the holes that were met on the way."""

    def __init__(self, facts: dict[str, Any]) -> None:
        super().__init__(facts)
        self.holes: list[NodeList] = []


class DrawnOnce(Node):
    """A part of a page that is kept for its facts."""

    child_nodelists = ("nodelist",)

    def __init__(self, nodelist: NodeList, owner: str, facts: dict[str, FilterExpression]) -> None:
        self.nodelist = nodelist
        self.owner = owner
        self.names = tuple(facts)
        self.values = tuple(facts.values())
        self._pieces = functools.lru_cache(maxsize=KEPT)(self._draw)

    def render(self, context: Context) -> SafeString:
        if isinstance(context, _Alone):
            raise TemplateSyntaxError("drawn_once can't stand in another one")
        facts = [value.resolve(context, ignore_failures=True) for value in self.values]
        for name, fact in zip(self.names, facts, strict=True):
            if type(fact) not in _FACTS:
                raise TypeError(f"{name} of drawn_once must be a plain text or a bool, not {type(fact)}")
        # Never None while anything is rendered.
        engine = context.template.engine  # type: ignore[union-attr]
        look = (get_language(), engine, *facts)
        pieces = self._kept_on(context[self.owner], look) if self.owner else self._pieces(None, *look)
        return SafeString(  # nosec B703 B308 - templates drew each piece, and escaped what they were given
            "".join([piece if isinstance(piece, str) else piece.render(context) for piece in pieces])
        )

    def get_nodes_by_type(self, nodetype: Any) -> list[Any]:
        # Each page asks its frame for blocks; there are none in here.
        return [] if nodetype is BlockNode else super().get_nodes_by_type(nodetype)

    def _kept_on(self, owner: Any, look: tuple[Any, ...]) -> list[str | NodeList]:
        pieces: list[str | NodeList] | None = owner.drawn.get((self, look))
        if pieces is None:
            pieces = owner.drawn[(self, look)] = self._draw(owner, *look)
        return pieces

    def _draw(self, owner: Any, language: str | None, engine: Engine, *facts: Any) -> list[str | NodeList]:
        """What is kept, in the order of the page: texts, and the nodes that are drawn anew."""
        seen = dict(zip(self.names, facts, strict=True))
        alone = _Alone({**seen, self.owner: owner} if self.owner else seen)
        with alone.bind_template(Template("", engine=engine)):
            first, *rest = self.nodelist.render(alone).split(_HOLE)
        pieces: list[str | NodeList] = [str(first)]
        for part in rest:
            number, _, text = part.partition(";")
            pieces += [alone.holes[int(number)], text]
        return pieces


class DrawnAnew(Node):
    """A hole in a part that is kept."""

    child_nodelists = ("nodelist",)

    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        if not isinstance(context, _Alone):
            return self.nodelist.render(context)
        context.holes.append(self.nodelist)
        return SafeString(f"{_HOLE}{len(context.holes) - 1};")  # nosec B703 B308 - a mark and a number of ours


@register.tag
def drawn_once(parser: Parser, token: Token) -> DrawnOnce:
    """Keep what is inside for the facts that are named: `{% drawn_once [on object] name=value … %}`."""
    name, *bits = token.split_contents()
    owner = bits[1] if bits[:1] == ["on"] and len(bits) > 1 else ""
    bits = bits[2:] if owner else bits
    facts = token_kwargs(bits, parser)
    if bits:
        raise TemplateSyntaxError(f"{name} takes facts as name=value alone, not {bits[0]!r}")
    nodelist = parser.parse(("enddrawn_once",))
    parser.delete_first_token()
    if nodelist.get_nodes_by_type(BlockNode):
        raise TemplateSyntaxError(f"{name} can't have a block in it")
    return DrawnOnce(nodelist, owner, facts)


@register.tag
def drawn_anew(parser: Parser, token: Token) -> DrawnAnew:
    """Inside `drawn_once`: draw this part for each page."""
    nodelist = parser.parse(("enddrawn_anew",))
    parser.delete_first_token()
    return DrawnAnew(nodelist)
