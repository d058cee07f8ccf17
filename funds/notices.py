"""Where providers tell of payments.

Not django-payments' own views: those hold a transaction open while a provider is asked back, and let the provider's
code decide what a payment is worth.
"""

import logging

from django.http import Http404, HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from funds import providers
from funds.hear import hear
from funds.take_back import take_back
from funds.words import Away, Forged, Word

log = logging.getLogger(__name__)


@csrf_exempt
@never_cache
@require_POST
def notice(request: HttpRequest, variant: str) -> JsonResponse:
    """200 when it was acted on or is of no interest, 400 when it is forged, 503 when the provider is to repeat it."""
    provider = providers.get(variant)
    if provider is None:
        raise Http404
    try:
        now = timezone.now()
        for told in provider.read(request):
            if isinstance(told, Word):
                hear(told, now=now)
            else:
                take_back(told, provider=provider, now=now)
    except Forged as error:
        log.warning("a notice for %s was not believed: %s", variant, error)
        return JsonResponse({"error": "not believed"}, status=400)
    except Away as error:
        log.warning("a notice of %s has to be repeated: %s", variant, error.detail)
        return JsonResponse({"error": "try again"}, status=503)
    return JsonResponse({"received": True})
