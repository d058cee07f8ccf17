"""What a customer can choose from: sites, and the countries of a site with their prices."""

from django.db.models import Count, Min, QuerySet

from accounts.models import User
from catalog.search import fold
from sms.buy import on_shelf
from sms.models import Favourite, Project, Purchase, Site

MOST_WORDS = 8


def sites(words: str = "") -> QuerySet[Site]:
    """Sites on the shelf with the lowest price in USD (`lowest`) and how many countries (`countries`)."""
    shelf = on_shelf()
    found = Site.objects.filter(hidden=False, projects__in=shelf)
    for word in fold(words).split()[:MOST_WORDS]:
        found = found.filter(folded__contains=word)
    return found.annotate(lowest=Min("projects__price"), countries=Count("projects")).order_by("name")


def projects_of(site_id: int) -> QuerySet[Project]:
    """The countries of a site, the cheapest first."""
    return on_shelf().filter(site_id=site_id).select_related("country", "site").order_by("price", "country__name")


def favourites(customer: User) -> QuerySet[Project]:
    """What the customer keeps at hand."""
    kept = Favourite.objects.filter(customer=customer).values("project_id")
    return on_shelf().filter(pk__in=kept).select_related("country", "site").order_by("site__name", "price")


def recent(customer: User, *, most: int = 6) -> list[Project]:
    """What the customer bought last, each once."""
    bought = Purchase.objects.filter(customer=customer).order_by("-pk").values_list("project_id", flat=True)[:100]
    ids = list(dict.fromkeys(bought))[:most]
    found = on_shelf().filter(pk__in=ids).select_related("country", "site").in_bulk()
    return [found[pk] for pk in ids if pk in found]


def toggle_favourite(*, customer: User, project_id: int) -> bool:
    """Keep the project at hand, or no longer; returns whether it is kept now."""
    gone, _ = Favourite.objects.filter(customer=customer, project_id=project_id).delete()
    if gone:
        return False
    Favourite.objects.get_or_create(customer=customer, project_id=project_id)
    return True
