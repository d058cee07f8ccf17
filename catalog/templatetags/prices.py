"""Template tags of the catalogue: prices (what the reader pays, not what the row keeps), its rows and its
filters."""

import secrets
from decimal import Decimal
from typing import Any

from django import template
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from catalog import rows
from catalog.models import Service
from catalog.shown import Shown
from catalog.terms import Terms
from core.templatetags.shop import approx, second_shown

register = template.Library()

# Stand in the tree's links where the rest of the query goes; nobody outside of this process knows them.
_QUERY, _REST = secrets.token_hex(16), secrets.token_hex(16)

_SORTS = [
    ("name", _("The shop’s order")),
    ("price", _("Lowest price first")),
    ("-price", _("Highest price first")),
    ("fast", _("Fastest first")),
    ("new", _("Newest first")),
]


@register.filter
def priced(service: Service, terms: Terms) -> Decimal:
    """USD for one rate unit of the service on the reader's terms; a page that forgot to bring them breaks loudly."""
    return terms.price(service)


@register.simple_tag(takes_context=True)
def service_rows(context: Context) -> SafeString:
    """The services of the page as rows of the list, on the reader's terms.

    Most readers see the same: general prices, and few stars. That is kept with the page, and rows with a star put in.
    """
    shown, terms, kept = context["shown"], context["terms"], context["kept"]
    signed_in, second = context["user"].is_authenticated, second_shown(context)

    def draw(service: Service, *, starred: bool = False) -> SafeString:
        price = terms.price(service)
        return rows.row(
            service,
            price=price,
            about=approx(context, price),
            with_category=not shown.category,
            kept=starred if signed_in else None,
        )

    if not terms.are_general:
        return _lines([draw(service, starred=service.pk in kept) for service in shown.page])
    look = (get_language(), signed_in, second and (second.code, second.rate, second.as_of))
    lines = shown.rows.get(look)
    if lines is None:
        lines = shown.rows[look] = [draw(service) for service in shown.page]
    if kept:
        pairs = zip(shown.page, lines, strict=True)
        lines = [draw(service, starred=True) if service.pk in kept else line for service, line in pairs]
    return _lines(lines)


def _lines(drawn: list[SafeString]) -> SafeString:
    return SafeString("\n".join(drawn))  # nosec B703 B308 - each was drawn by a template


@register.simple_tag
def shelf_tree(shown: Shown) -> SafeString:
    """The branches of the tree beside the list; its links keep the words and filters.

    It is drawn once for a language and what is unfolded: somebody who types sees one tree beside every search.
    """
    beside, subcategory = shown.tree, shown.subcategory
    key = (get_language(), subcategory and subcategory.pk)
    drawn = beside.drawn.get(key)
    if drawn is None:
        given = {"tree": beside, "subcategory": subcategory, "query": _QUERY, "rest": _REST}
        drawn = beside.drawn[key] = render_to_string("catalog/tree.html", given)
    rest = shown.wanted.query.copy()
    for name in ("category", "subcategory"):
        rest.pop(name, None)
    query = escape(rest.urlencode())
    filled = drawn.replace(_QUERY, query).replace(_REST, f"{query}&amp;" if query else "")
    return SafeString(filled)  # nosec B703 B308 - drawn by a template, and what is put in is escaped


@register.simple_tag
def filter_choices() -> dict[str, list[tuple[str, Any]]]:
    """What the filters' lists offer: `sorts` and `kinds`, each as it stands in the address, and in words."""
    return {"sorts": _SORTS, "kinds": [(value.lower(), label) for value, label in Service.Entity.choices]}
