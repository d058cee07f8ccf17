"""What a log-in came from, in words and wide enough to be recognised: the kind of browser, the kind of network.

A browser's own name for itself (`User-Agent`) is written by whoever likes to; only words of ours come out of here.
"""

import ipaddress

from django.utils.translation import gettext as _

# The first that is found counts: most browsers also name those whose pages they want to be given.
_BROWSERS = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("MicroMessenger/", "WeChat"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python", "Python"),
]
_SYSTEMS = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
]
# As much of an address as one provider has: within it people are handed other addresses every day.
_IPV4, _IPV6 = 16, 32


def kind(agent: str) -> str:
    """`Firefox, Windows`: how it is kept, the same in every language; empty when neither is known."""
    return ", ".join(name for name in (_first(_BROWSERS, agent), _first(_SYSTEMS, agent)) if name)


def words(agent: str) -> str:
    """`Firefox on Windows`, in the reader's language."""
    browser, system = _first(_BROWSERS, agent), _first(_SYSTEMS, agent)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("An unknown browser")


def is_handheld(agent: str) -> bool:
    """Whether it is a phone or a tablet."""
    return any(mark in agent for mark in ("iPhone", "iPad", "Android", "Mobile"))


def network(address: str) -> str:
    """The network that an IP address is known by; empty for what is no address."""
    try:
        place = ipaddress.ip_address(address)
    except ValueError:
        return ""
    place = getattr(place, "ipv4_mapped", None) or place
    return str(ipaddress.ip_network(f"{place}/{_IPV4 if place.version == 4 else _IPV6}", strict=False))


def _first(known: list[tuple[str, str]], agent: str) -> str:
    return next((name for mark, name in known if mark in agent), "")
