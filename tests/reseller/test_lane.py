"""The API's lane: what programs ask for passes by what only browsers need, and nothing else does."""

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from api import keys
from api.refusals import INVALID_KEY
from reseller.lane import NAMES, POLICY, api_lane

pytestmark = pytest.mark.django_db
PATHS = [path for name in NAMES for path in (reverse(name), reverse(name) + "/")]


@pytest.mark.parametrize("path", PATHS)
def test_an_endpoint_is_served_in_it(path, customer, now):
    secret = keys.make(customer=customer, name="lane", now=now)[1]

    def not_here(request):
        raise AssertionError("the rest of the house was asked")

    asked = {"key": secret, "api_key": secret, "action": "getBalance" if "stubs" in path else "balance"}
    answer = api_lane(not_here)(RequestFactory().post(path, asked))
    assert answer.status_code == 200
    assert b"alance" in answer.content or b"ALANCE" in answer.content
    assert answer["Content-Security-Policy"] == POLICY
    assert int(answer["Content-Length"]) == len(answer.content)
    answer.close()


@pytest.mark.parametrize("path", ["/", "/api/", "/api/openapi.json", "/account/api", "/api/v2x", "/api/v2//"])
def test_everything_else_goes_the_whole_way(path):
    asked = []
    api_lane(lambda request: asked.append(request.path))(RequestFactory().get(path))
    assert asked == [path]


@pytest.mark.parametrize("path", PATHS)
def test_what_protects_every_request_protects_these(path, settings):
    settings.ALLOWED_HOSTS = ["shop.example"]
    client = Client(raise_request_exception=False)
    assert client.post(path, {}, HTTP_HOST="evil.example").status_code == 400
    assert client.post(path, {}, HTTP_HOST="shop.example").status_code in (200, 401)
    settings.SECURE_SSL_REDIRECT = True
    assert Client().post(path, {}, HTTP_HOST="shop.example").status_code == 301


def test_no_cookie_is_set_and_none_is_read(customer, client):
    client.force_login(customer)
    answer = client.post(reverse("api:v2"), {"action": "balance"})
    assert answer.json() == {"error": INVALID_KEY}
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")


def test_a_body_is_whole_before_the_lane_begins(settings):
    order = settings.MIDDLEWARE
    assert order.index("reseller.whole.whole_forms") < order.index("reseller.lane.api_lane")
