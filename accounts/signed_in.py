"""Views for people who are signed in: a page sends others to the log-in, and so does a part of a page."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect

from core.htmx import page_behind

Rest = ParamSpec("Rest")
Answer = TypeVar("Answer", bound=HttpResponseBase)


def signed_in(
    view: Callable[Concatenate[HttpRequest, Rest], Answer],
) -> Callable[Concatenate[HttpRequest, Rest], Answer | HttpResponseBase]:
    """Django's `login_required` for pages that refresh parts of themselves.

    htmx follows a redirect by itself and would put the log-in page into the part that asked, so it is told to
    take the whole window there; afterwards the person comes back to the page, not to the part.
    """

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Rest.args, **kwargs: Rest.kwargs) -> Answer | HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if not getattr(request, "htmx", None):
            return redirect_to_login(request.get_full_path())
        login = redirect_to_login(page_behind(request) or resolve_url(settings.LOGIN_REDIRECT_URL))
        return HttpResponseClientRedirect(login.url)

    return wrapper
