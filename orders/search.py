"""Find a customer's own orders from any page: by their number or by their link."""

from django.db.models import Q

from accounts.models import User
from catalog.search import fold
from orders.models import Order

# Shorter parts of a link are in nearly every one of them.
SHORTEST = 3


def find(customer: User, words: str, *, most: int) -> list[Order]:
    """The customer's newest orders of that number, or with the words in their link."""
    text = words.strip()
    fits = Q()
    number = text.lstrip("#")
    if number.isascii() and number.isdigit() and len(number) < 19:
        fits |= Q(pk=int(number))
    if len(text) >= SHORTEST and not any(letter.isspace() for letter in text):
        fits |= Q(link__icontains=text) | Q(link__icontains=fold(text))
    if not fits:
        return []
    return list(Order.objects.filter(fits, customer=customer).order_by("-pk")[:most])


def lately(customer: User, *, most: int) -> list[int]:
    """Ids of the services that the customer ordered last, each once."""
    newest = Order.objects.filter(customer=customer).order_by("-pk").values_list("service_id", flat=True)[:100]
    return list(dict.fromkeys(newest))[:most]
