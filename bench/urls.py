"""The shop's addresses, and one view that does nothing: what the server and Django alone can do."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from reseller.urls import urlpatterns as shop


@csrf_exempt
def bare(request: HttpRequest) -> HttpResponse:
    """Read a form, answer a line of JSON."""
    request.POST.get("action")
    return HttpResponse(b'{"balance":"100.00","currency":"USD"}', content_type="application/json")


urlpatterns = [path("bare", bare), *shop]
