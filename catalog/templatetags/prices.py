"""Template tags of the catalogue: prices (what the reader pays, not what the row keeps), its rows and its tree."""

from decimal import Decimal

from django import template
from django.template.context import Context
from django.template.loader import get_template
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from catalog import rows
from catalog.models import Service
from catalog.terms import Terms
from core.templatetags.shop import approx

register = template.Library()


@register.filter
def priced(service: Service, terms: Terms) -> Decimal:
    """USD for one rate unit of the service on the reader's terms; a page that forgot to bring them breaks loudly."""
    return terms.price(service)


@register.simple_tag(takes_context=True)
def service_row(context: Context, service: Service) -> SafeString:
    """The service as a row of the catalogue's list, on the reader's terms."""
    price = context["terms"].price(service)
    return rows.row(
        service,
        price=price,
        about=approx(context, price),
        with_category=not context["category"],
        favourites=context["kept"] if context["user"].is_authenticated else None,
    )


@register.simple_tag(takes_context=True)
def shelf_tree(context: Context) -> SafeString:
    """The branches of the tree beside the list; drawn once for a language and what is shown."""
    shown, language = context["shown"], get_language()
    drawn = shown.drawn.get(language)
    if drawn is None:
        given = {name: context[name] for name in ("shown", "wanted", "query")}
        drawn = shown.drawn[language] = get_template("catalog/tree.html").render(given)
    return drawn
