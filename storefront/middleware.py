"""Say on a customer's next page that something they waited for is back."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from accounts.models import User
from catalog import back_in_stock as stock


def back_in_stock(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Put a message on whole pages that a signed-in customer opens; parts of pages and files have no place for it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        # It is told once: not to staff who only look.
        theirs = not hasattr(request, "operator")
        whole = theirs and request.method == "GET" and "text/html" in request.headers.get("Accept", "")
        if whole and "HX-Request" not in request.headers and isinstance(request.user, User):
            for service in stock.tell(customer=request.user, now=timezone.now()):
                link = format_html(
                    '<a href="{}"><bdi>{}</bdi></a>', reverse("orders:service", args=[service.pk]), service.title
                )
                said = format_html(_("Back in stock: {service}"), service=link)
                messages.success(request, said, extra_tags="stay")
        return get_response(request)

    return middleware
