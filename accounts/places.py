"""Where somebody logged in from before, so that a log-in from elsewhere can be told to them."""

from datetime import datetime

from accounts import browsers
from accounts.models import Place, User

# More than anybody uses; the oldest are forgotten.
MOST = 100


def note(*, user: User, agent: str, address: str, now: datetime) -> bool:
    """Remember a log-in; True when it came from somewhere new.

    The first one of all is not new, since there is nothing to compare it with. The browser and the network count
    together: a stranger with the same browser is elsewhere, and so is another browser in the same building.
    """
    browser, network = browsers.kind(agent), browsers.network(address)
    first = not Place.objects.filter(user=user).exists()
    place, new = Place.objects.get_or_create(
        user=user, browser=browser, network=network, defaults={"first_at": now, "last_at": now}
    )
    if not new:
        Place.objects.filter(pk=place.pk).update(last_at=now)
        return False
    kept = Place.objects.filter(user=user).order_by("-last_at", "-pk").values_list("pk", flat=True)[:MOST]
    Place.objects.filter(user=user).exclude(pk__in=list(kept)).delete()
    return not first
