"""Refuse a request whose body broke off on the way: half a form may still read as a whole one."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Answer = Callable[[HttpRequest], HttpResponse]


def whole_forms(answer: Answer) -> Answer:
    """400 when fewer bytes came than the request announced.

    The server hands over what it got when a connection ends early, and Django reads that as the form: a quantity
    of 1000 whose last digit is missing would be an order of 100. Larger bodies than a form's are files, and no
    purchase.
    """

    def check(request: HttpRequest) -> HttpResponse:
        announced = request.META.get("CONTENT_LENGTH") or "0"
        if request.method == "POST" and announced.isascii() and announced.isdigit():
            length = int(announced)
            if length <= (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) and len(request.body) < length:
                return HttpResponse("The request broke off.\n", status=400, content_type="text/plain")
        return answer(request)

    return check
