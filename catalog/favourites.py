"""The services that a customer keeps at hand."""

from collections.abc import Iterable

from django.db.models import QuerySet

from accounts.models import User
from catalog.models import Favourite, Service
from catalog.search import on_shelf
from core.prepared import ID, Prepared, given

# Who keeps fewer has all of them read, by a query that is composed once.
FEW = 200
_OF = Prepared(lambda: Favourite.objects.filter(customer_id=given("customer", ID)).values_list("service_id")[:FEW])


def of(customer: User) -> QuerySet[Service]:
    """What the customer keeps at hand and can be bought, by name."""
    kept = Favourite.objects.filter(customer=customer).values("service_id")
    return on_shelf().filter(pk__in=kept).select_related("category").order_by("name", "pk")


def kept(customer: User, service_ids: Iterable[int]) -> set[int]:
    """Which of these services the customer keeps at hand."""
    few = _OF.all(customer=customer.pk)
    if len(few) < FEW:
        return {pk for (pk,) in few}.intersection(service_ids)
    own = Favourite.objects.filter(customer=customer, service_id__in=list(service_ids))
    return set(own.values_list("service_id", flat=True))


def toggle(*, customer: User, service_id: int) -> bool:
    """Keep the service at hand, or no longer; returns whether it is kept now."""
    gone, _ = Favourite.objects.filter(customer=customer, service_id=service_id).delete()
    if gone:
        return False
    Favourite.objects.get_or_create(customer=customer, service_id=service_id)
    return True
