"""Where a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The client's IP address; None where the server does not tell it.

    `X-Forwarded-For` is written by whoever likes to: only the entries that our own proxies added count, and
    TRUSTED_PROXIES says how many those are.
    """
    given = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        if len(hops) < settings.TRUSTED_PROXIES:
            return None
        given = hops[-settings.TRUSTED_PROXIES]
    try:
        address = ipaddress.ip_address(given)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
