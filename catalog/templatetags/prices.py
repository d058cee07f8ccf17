"""Template filters for prices: what the reader pays, not what the row keeps."""

from decimal import Decimal

from django import template

from catalog.models import Service
from catalog.terms import Terms

register = template.Library()


@register.filter
def priced(service: Service, terms: Terms) -> Decimal:
    """USD for one rate unit of the service on the reader's terms; a page that forgot to bring them breaks loudly."""
    return terms.price(service)
