"""The OpenAPI 3.1 document of both dialects, made of the same descriptions as the page.

One address with many actions is one operation in OpenAPI's eyes: its request is one of the actions' requests, told
apart by `action`, and its answer is one of their answers or an error. Which answer belongs to which action stands in
`x-answers`, by the action's name.
"""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import translation

from api import once
from api.docs.entries import Dialect, Entry
from api.docs.panels import DIALECT as PANELS
from api.docs.vendor import DIALECT as VENDOR

DIALECTS = (VENDOR, PANELS)
PATHS = {"v2": "/api/v2", "panel": "/api/v2/panel"}
_ERROR = {"$ref": "#/components/schemas/Error"}


def document(*, server: str, title: str) -> dict[str, Any]:
    """The document for a shop at this address."""
    with translation.override("en"):
        written = json.dumps(_document(server, title), cls=DjangoJSONEncoder)
    made: dict[str, Any] = json.loads(written)
    return made


def _document(server: str, title: str) -> dict[str, Any]:
    schemas: dict[str, Any] = {
        "Error": {
            "type": "object",
            "properties": {"error": {"type": "string", "description": "What is wrong, in words."}},
            "required": ["error"],
            "additionalProperties": False,
        }
    }
    paths = {PATHS[dialect.name]: {"post": _operation(dialect, schemas)} for dialect in DIALECTS}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{title} API",
            "version": "2",
            "description": (
                'Send an action and your key by POST, as a form or as JSON. An error is {"error": …} with HTTP 200; '
                "429 means that nothing happened, 503 that a purchase may have been made."
            ),
        },
        "servers": [{"url": server}],
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _operation(dialect: Dialect, schemas: dict[str, Any]) -> dict[str, Any]:
    requests: dict[str, str] = {}
    answers: dict[str, list[str]] = {}
    for entry in dialect.entries:
        name = f"{dialect.name.capitalize()}{''.join(part.capitalize() for part in entry.action.split('_'))}"
        schemas[f"{name}Request"] = _request(entry)
        requests[entry.action] = f"#/components/schemas/{name}Request"
        answers[entry.action] = []
        for number, answer in enumerate(entry.answers, start=1):
            key = f"{name}Answer{number if len(entry.answers) > 1 else ''}"
            schemas[key] = {**answer.shape.schema, "examples": [answer.shape.example]}
            answers[entry.action].append(f"#/components/schemas/{key}")
    body = {
        "oneOf": [{"$ref": ref} for ref in requests.values()],
        "discriminator": {"propertyName": "action", "mapping": requests},
    }
    found = {"anyOf": [*({"$ref": ref} for refs in answers.values() for ref in refs), _ERROR]}
    return {
        "operationId": dialect.name,
        "summary": dialect.title,
        "description": dialect.about,
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "For purchases: the same key again brings the same purchase. Or idempotency_key.",
                "schema": {"type": "string", "maxLength": once.LONGEST},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {kind: {"schema": body} for kind in ("application/x-www-form-urlencoded", "application/json")},
        },
        "responses": {
            "200": _response("The answer, or what is wrong.", found),
            "429": {
                **_response("Too many requests: nothing happened.", _ERROR),
                "headers": {
                    "Retry-After": {
                        "description": "After how many seconds to ask again.",
                        "required": True,
                        "schema": {"type": "integer", "minimum": 1},
                    }
                },
            },
            "503": _response("A purchase that may have been made, or still may be.", _ERROR),
        },
        "x-answers": answers,
    }


def _request(entry: Entry) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "key": {"type": "string", "description": "Your API key."},
        "action": {"type": "string", "const": entry.action},
        **{param.name: param.schema for param in entry.params},
    }
    return {
        "type": "object",
        "description": entry.about,
        "properties": properties,
        "required": ["key", "action", *(param.name for param in entry.params if param.required)],
        "additionalProperties": False,
        "examples": [{"key": "YOUR_API_KEY", **entry.values({})}],
    }


def _response(about: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": about, "content": {"application/json": {"schema": schema}}}
