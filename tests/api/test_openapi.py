"""The OpenAPI document against the endpoints: schemathesis asks what the document allows, and what it does not."""

import copy
import re

import jsonschema_rs
import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.docs.openapi import PATHS
from catalog.models import Service
from orders.models import Order
from reseller.books import audit
from sms.models import Number, Project
from tests.api.test_v2_numbers import worker

__all__ = ["worker"]
EXAMPLES = 60
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def document():
    return Client().get("/api/openapi.json", headers={"Host": "testserver"}).json()


@pytest.mark.django_db
def test_the_document_is_valid_and_the_same_in_every_language():
    made = document()
    assert made["openapi"] == "3.1.0"
    assert made["servers"] == [{"url": "http://testserver"}]
    for schema in made["components"]["schemas"].values():
        jsonschema_rs.meta.validate({**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"})
    refs = set(re.findall(r"#/components/schemas/(\w+)", str(made)))
    assert refs == set(made["components"]["schemas"])
    assert Client().get("/api/openapi.json", headers={"Accept-Language": "zh-hans"}).json() == made


def furnished_document(secret):
    """The document, in which values are often such as there are: else every request would end at “not found”."""
    made = copy.deepcopy(document())
    smm = Service.objects.filter(entity=Service.Entity.SMM, min__lte=100).order_by("pk")
    some = {
        # Any other key would do as well, and nearly every request would end at it.
        "key": [secret],
        "service": [*smm.values_list("pk", flat=True)[:4], 0],
        "quantity": [100, 1000, 1],
        "link": ["https://instagram.com/name", "https://example.com/x", "no link"],
        "project_id": [*map(str, Project.objects.order_by("pk").values_list("pk", flat=True)[:4]), "65f"],
        "order": list(range(1, 12)),
        "orders": ["1,2,3", "7,8,999999"],
        "refill": [1, 2],
        "country": ["us", "gb", ""],
        "idempotency_key": ["", "a", "b"],
        "phone": ["", "+12025550123"],
    }
    for name, schema in made["components"]["schemas"].items():
        for field in some.keys() & schema.get("properties", {}).keys() if name.endswith("Request") else ():
            schema["properties"][field] = {"enum": some[field]}
        if "link" in schema.get("properties", {}):
            schema["required"].append("link")
    return made


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", PATHS.values())
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
def test_no_request_breaks_it_and_no_answer_is_undocumented(
    live_server, catalogue, projects, rich, secret, worker, settings_of_test, path, mode
):
    operation = schemathesis.openapi.from_dict(furnished_document(secret))[path]["POST"]
    answers = []

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case):
        answer = case.call(base_url=live_server.url)
        case.validate_response(answer, checks=CHECKS)
        answers.append(answer.json())

    ask()
    fine = [answer for answer in answers if not (isinstance(answer, dict) and "error" in answer)]
    assert len(answers) >= EXAMPLES
    if mode is GenerationMode.POSITIVE:
        assert len(fine) >= EXAMPLES / 10
        assert Order.objects.exists()
        assert path != PATHS["v2"] or Number.objects.exists()
    assert audit().problems == []


@pytest.fixture
def settings_of_test(settings):
    """As many requests as schemathesis likes."""
    settings.API_PER_MINUTE = 1_000_000
    return settings
