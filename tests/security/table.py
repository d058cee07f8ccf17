"""Every address of the shop that has a name, with something in the places that its pattern leaves open."""

import uuid
from collections.abc import Iterator

from django.contrib import admin
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

# What such a place takes, by its converter; nothing has that number or that name.
SAMPLES = {
    "IntConverter": 987_654_321,
    "SlugConverter": "nobody",
    "StringConverter": "nobody",
    "PathConverter": "987654321",
    "UUIDConverter": uuid.UUID("00000000-0000-4000-8000-000000000000"),
}
# For those that are written as regular expressions.
TRIES: list[list[object]] = [["orders"], ["nobody"], ["x", "y-z"], [987_654_321, "txt"], [987_654_321, "pause"]]


def addresses() -> dict[str, str]:
    """Name of the URL → an address of it; the admin's with `admin:` before them."""
    return dict(_walk(get_resolver(), "", {}))


def _walk(resolver: URLResolver, space: str, above: dict[str, object]) -> Iterator[tuple[str, str]]:
    for each in resolver.url_patterns:
        open_places = {
            **above,
            **{name: SAMPLES[type(kind).__name__] for name, kind in getattr(each.pattern, "converters", {}).items()},
        }
        if isinstance(each, URLResolver):
            yield from _walk(each, f"{space}{each.namespace}:" if each.namespace else space, open_places)
        elif isinstance(each, URLPattern) and each.name:
            yield space + each.name, _fill(space + each.name, open_places)


def _fill(name: str, places: dict[str, object]) -> str:
    try:
        return reverse(name, kwargs=places)
    except NoReverseMatch:
        for arguments in TRIES:
            try:
                return reverse(name, args=arguments)
            except NoReverseMatch:
                continue
    raise AssertionError(f"{name}: give its pattern something to match")


def desk() -> dict[str, list[str]]:
    """Name of a URL of the admin → its addresses, one for each row that it is about."""
    rows = {
        f"{model._meta.app_label}_{model._meta.model_name}": list(
            model._default_manager.order_by("pk").values_list("pk", flat=True)
        )
        for model in admin.site._registry
    }
    found = {}
    for name, path in addresses().items():
        if name.startswith("admin:"):
            about = next((known for known in rows if name.startswith(f"admin:{known}_")), "")
            place = str(SAMPLES["PathConverter"])
            pks = (rows[about] if about and (place in path or "/nobody/" in path) else []) or [place]
            found[name] = [path.replace(place, str(pk)).replace("/nobody/", f"/{pk}/") for pk in pks]
    return found


def written_here() -> dict[str, list[str]]:
    """`desk`, without Django's own pages that are the same for every model: of those, the ones about orders."""
    same = ("_add", "_delete", "_history")
    return {
        name: paths
        for name, paths in desk().items()
        if not name.endswith(same) or name.startswith("admin:orders_order_")
    }
