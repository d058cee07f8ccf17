"""The admin's own Content-Security-Policy.

No script in a page runs, only files of the shop's own. Unfold runs on Alpine, which builds functions from the text of
attributes, and writes styles into its pages: `unsafe-eval` for scripts and `unsafe-inline` for styles have to be
allowed there. Whatever is shown is escaped all the same; and nothing is loaded from, sent to, or framed by anybody
else.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

ADMIN_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


def admin_policy(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Give the admin's pages their policy; all others have theirs from settings."""
    prefix = reverse("admin:index")

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path.startswith(prefix):
            response["Content-Security-Policy"] = ADMIN_POLICY
        return response

    return middleware
