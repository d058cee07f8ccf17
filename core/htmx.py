"""What htmx says of the page that asked."""

from typing import Any

from django.http import HttpRequest


def page_behind(request: HttpRequest) -> str | None:
    """Path and query of the page that a part is asked for from; None where the browser names none of ours."""
    htmx: Any = getattr(request, "htmx", None)
    if not htmx:
        return None
    try:
        path: str | None = htmx.current_url_abs_path
    except ValueError:  # the header is no address
        return None
    return path
