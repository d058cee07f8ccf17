"""Refuse a body that is too large before anything of it is read: files would be written to the disk first."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve

from funds.prove import LARGEST

Answer = Callable[[HttpRequest], HttpResponse]

# Those that take a file: bytes of the whole body. A picture that is somewhat too large is told so on its own page.
FILES = {"funds:hand_in": 2 * LARGEST}
# Those that refuse by themselves, in their own words.
OWN_WORDS = {"orders:mass", "api:v2", "api:panel", "api:handler"}


def too_large(answer: Answer) -> Answer:
    """413, with a page that says so, for more bytes than the address takes. A body without a length is not read."""

    def check(request: HttpRequest) -> HttpResponse:
        announced = request.META.get("CONTENT_LENGTH") or "0"
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        if announced.isascii() and announced.isdigit() and (len(announced) > 15 or int(announced) > most):
            name = _name(request.path_info)
            if name not in OWN_WORDS and (len(announced) > 15 or int(announced) > FILES.get(name, most)):
                return HttpResponse(render_to_string("413.html"), status=413)
        return answer(request)

    return check


def _name(path: str) -> str:
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""
