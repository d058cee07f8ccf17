"""Which numbers are not sold because the blocklist says so: a site everywhere, or every site of a country.

Projects are few enough that lists ask each time, so nothing has to be marked.
"""

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from conduct.models import Block
from sms.models import Project


def site_blocks(folded: str = "site__folded") -> Exists:
    """Whether the list has the site, for a query of rows from which `folded` leads to its folded name."""
    return Exists(Block.objects.filter(active=True, kind=Block.Kind.SITE, match=OuterRef(folded)))


def country_blocks(before: str = "country__") -> Exists:
    """Whether the list has the country, by the vendor's code or by its region; `before` is the way to it."""
    codes = Q(match=Lower(OuterRef(f"{before}code"))) | Q(match=Lower(OuterRef(f"{before}region")))
    return Exists(Block.objects.filter(codes, active=True, kind=Block.Kind.COUNTRY))


def reason(project: Project) -> Block | None:
    """The entry because of which numbers of the project are not sold, if there is one."""
    codes = {project.country.code.lower(), project.country.region.lower()}
    fits = Q(kind=Block.Kind.SITE, match=project.site.folded) | Q(kind=Block.Kind.COUNTRY, match__in=codes)
    return Block.objects.filter(fits, active=True).order_by("pk").first()
