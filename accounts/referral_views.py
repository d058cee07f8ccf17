"""Where a referral link leads."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import referral


@require_safe
@never_cache
def arrive(request: HttpRequest, code: str) -> HttpResponse:
    """On to the front page; the code stays with the browser of somebody who has no account here yet."""
    response = redirect("front")
    if referral.is_on() and not request.user.is_authenticated and len(code) <= 16:
        referral.remember(response, code)
    return response
