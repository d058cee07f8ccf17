"""What stands in the examples: things that are on sale, and the reader's own orders, where there are any."""

from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from api.handler import codes
from catalog.models import Service
from catalog.search import on_shelf
from desk.models import Request as Wish
from orders.models import Order
from sms import buy
from sms.models import Number


def known(reader: User | AnonymousUser) -> dict[str, str]:
    """Values by what `Param.known_as` asks for; missing where there is nothing to show."""
    found: dict[str, str] = {}
    shelf = on_shelf().filter(entity=Service.Entity.SMM).order_by("pk").values_list("pk", "min")
    if (service := shelf.first()) is not None:
        found["service"], found["quantity"] = str(service[0]), str(service[1])
    projects = buy.on_shelf().order_by("pk").values_list("pk", "country__code")
    if (project := projects.first()) is not None:
        found["project_id"], found["country"] = str(project[0]), project[1]
    # As far as anybody has asked for codes yet: a page that is only read gives none.
    offers = codes.offers().values_list("site__handler_code__code", "country__handler_code__number")
    if (offer := offers.order_by("pk").first()) is not None:
        found["bot_service"], found["bot_country"] = offer[0], str(offer[1])
    if reader.is_authenticated:
        own = {
            "order": Order.objects.filter(customer=reader),
            "number": Number.objects.filter(purchase__customer=reader),
            "refill": Wish.objects.filter(customer=reader, kind=Wish.Kind.REFILL),
        }
        for name, rows in own.items():
            newest = rows.order_by("-pk").values_list("pk", flat=True).first()
            if newest is not None:
                found[name] = str(newest)
    return found
