"""Where a key may be used from."""

import ipaddress
from collections.abc import Sequence

from django.utils.translation import gettext as _

MOST_NETWORKS = 20


def read_networks(text: str) -> list[str]:
    """Addresses and networks, one a line or between commas, in one form each. Raises `ValueError` with a sentence."""
    networks: list[str] = []
    for each in text.replace(",", "\n").split():
        try:
            network = str(ipaddress.ip_network(each, strict=False))
        except ValueError:
            raise ValueError(_("%(text)s is no IP address and no network.") % {"text": each[:50]}) from None
        if network not in networks:
            networks.append(network)
    if len(networks) > MOST_NETWORKS:
        raise ValueError(_("At most %(most)d addresses and networks.") % {"most": MOST_NETWORKS})
    return networks


def is_within(address: str | None, networks: Sequence[str]) -> bool:
    """Whether the address is in one of the networks; with none named, anywhere will do."""
    if not networks:
        return True
    if address is None:
        return False
    place = ipaddress.ip_address(address)
    return any(place in ipaddress.ip_network(network) for network in networks)
