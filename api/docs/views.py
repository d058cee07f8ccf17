"""The page that describes the API, a key for it, and the OpenAPI document."""

import json
import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.signed_in import signed_in
from api import keys, limit, once, words
from api.docs import bots, hooks
from api.docs.entries import Answer, Dialect, Entry
from api.docs.known import known
from api.docs.openapi import DIALECTS, document
from api.docs.samples import LANGUAGES, PLACEHOLDER, samples
from api.docs.troubles import TROUBLES
from api.models import Key
from core.once import once_key
from core.secrets import decrypt, encrypt

_MADE = "api_docs_key"


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Every action with examples; a key that was just made here is filled in, this once."""
    reader = request.user
    values = known(reader)
    secret = request.session.pop(_MADE, "") if request.method == "GET" and reader.is_authenticated else ""
    return render(
        request,
        "api/docs.html",
        {
            "dialects": [_dialect(request, dialect, values) for dialect in DIALECTS],
            "bots": _bots(request, values),
            "hooks": {"events": hooks.EVENTS, "headers": hooks.HEADERS, "body": hooks.EXAMPLE, "checks": hooks.CHECKS},
            "written_in": LANGUAGES,
            "secret": decrypt(secret) if secret else "",
            "form_key": uuid.uuid4().hex,
            "placeholder": PLACEHOLDER,
            "troubles": TROUBLES,
            "per_minute": settings.API_PER_MINUTE,
            "window": limit.WINDOW,
            "key_length": once.LONGEST,
            "most_ids": 100,
            "order_words": _order_words(),
            "number_words": _number_words(),
            "scopes": Key.Scope.choices,
            "get_allowed": settings.API_ALLOW_GET,
        },
    )


@signed_in
@require_POST
def make_key(request: HttpRequest) -> HttpResponse:
    """A key for trying things on the page. It is shown on the next page and on no other."""
    scope = Key.Scope.FULL if request.POST.get("scope") == Key.Scope.FULL else Key.Scope.READ_ONLY
    customer: Any = request.user
    form_key = request.POST.get("form_key", "")[:64]
    try:
        key, secret = keys.make(
            customer=customer,
            name=_("Made on the API page"),
            scope=scope,
            form_key=once_key(form_key, scope) if form_key else "",
            now=timezone.now(),
        )
    except keys.CantMake as error:
        messages.error(request, str(error))
    else:
        if secret:
            request.session[_MADE] = encrypt(secret)
            said = _("The key %(prefix)s… is made and filled in. Copy it if you want to keep it.")
            messages.success(request, said % {"prefix": key.prefix})
        else:
            messages.info(
                request, _("This form was sent twice: the key “%(name)s” is there once.") % {"name": key.name}
            )
    return redirect(f"{reverse('api:docs')}#key")


@require_GET
def openapi(request: HttpRequest) -> JsonResponse:
    """The OpenAPI document."""
    server = request.build_absolute_uri("/").rstrip("/")
    return JsonResponse(document(server=server, title=settings.SHOP_NAME), json_dumps_params={"ensure_ascii": False})


def _dialect(request: HttpRequest, dialect: Dialect, values: dict[str, str]) -> dict[str, Any]:
    path = reverse(dialect.path)
    url = request.build_absolute_uri(path)
    return {
        "it": dialect,
        "path": path,
        "url": url,
        "entries": [_entry(dialect, entry, url, values) for entry in dialect.entries],
    }


def _bots(request: HttpRequest, values: dict[str, str]) -> dict[str, Any]:
    url = request.build_absolute_uri(reverse(bots.PATH))
    return {
        "url": url,
        "lines": bots.LINES,
        "words": bots.WORDS,
        "samples": samples(url, bots.example(values), key="api_key", plain=True),
    }


def _entry(dialect: Dialect, entry: Entry, url: str, values: dict[str, str]) -> dict[str, Any]:
    given = entry.values(values)
    return {
        "it": entry,
        "anchor": f"{dialect.name}-{entry.action}",
        "writes": dialect.writes(entry),
        "samples": samples(url, given),
        "answers": [(answer, example(answer)) for answer in entry.answers],
        "fields": [(param, given.get(param.name, "")) for param in entry.params],
    }


def example(answer: Answer) -> str:
    """The example as JSON, the way people read it."""
    return json.dumps(answer.shape.example, indent=2, ensure_ascii=False)


def _order_words() -> list[tuple[str, str]]:
    return [
        (words.PENDING, _("It is placed and waits to be started.")),
        (words.PROCESSING, _("It is being prepared.")),
        (words.IN_PROGRESS, _("It is being delivered.")),
        (words.COMPLETED, _("All of it has arrived.")),
        (words.PARTIAL, _("A part has arrived, the rest is paid back.")),
        (words.CANCELED, _("It has ended; what did not arrive is paid back.")),
    ]


def _number_words() -> list[tuple[str, str]]:
    return [
        ("active", _("It waits for a code.")),
        ("code_received", _("A code is there; more may come.")),
        ("completed", _("It has ended with a code.")),
        ("expired", _("Its time ran out without a code; nothing is charged.")),
        ("canceled", _("It was given back without a code; nothing is charged.")),
    ]
