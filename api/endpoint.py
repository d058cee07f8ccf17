"""One endpoint for many actions, in JSON.

No session, no cookie, no form token: the key in the body is all there is.
"""

import logging
import time
from collections.abc import Callable, Mapping

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt

from api.access import Action, Asked, Noted
from api.params import decode
from api.refusals import OUR_FAULT, Refusal, TooMany
from core.addresses import client_address

log = logging.getLogger(__name__)


def endpoint(actions: Mapping[str, Action]) -> Callable[[HttpRequest], HttpResponse]:
    """The view that serves these actions, by name."""

    @csrf_exempt
    def view(request: HttpRequest) -> HttpResponse:
        asked = Asked(began=time.perf_counter(), address=client_address(request))
        headers = {}
        # Programs compare words: these are in one language, whatever the client's system prefers.
        with translation.override("en"):
            try:
                params = decode(request)
                payload, status = asked.answer(request, params, actions, secret=params.text("key")), 200
            except Refusal as refusal:
                payload, status = {"error": refusal.words}, refusal.status
                asked.outcome = refusal.words
                if isinstance(refusal, TooMany):
                    headers["Retry-After"] = str(refusal.seconds)
                    asked.quiet = True
            except Exception:
                log.exception("a call broke: action %r, %s", asked.action, asked)
                payload, status = {"error": OUR_FAULT}, 200
                asked.outcome = OUR_FAULT
        body = msgspec.json.encode(payload)
        return Noted(body, note=asked.note(), status=status, content_type="application/json", headers=headers)

    return view
