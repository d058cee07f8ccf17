"""The errors of the contract, word for word, each with HTTP 200 and nothing else in the answer."""

import pytest

from catalog.models import Service
from orders.models import Order
from reseller.books import audit
from sms.models import Purchase

pytestmark = pytest.mark.django_db
LINK = "https://instagram.com/name"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"action": "balance", "key": "wrong"}, "Invalid API key"),
        ({"action": "balance", "key": ""}, "Invalid API key"),
        ({"action": ""}, "Invalid action"),
        ({"action": "refund"}, "Invalid action"),
        ({"action": "add"}, "Service ID is required"),
        ({"action": "add", "service": "  "}, "Service ID is required"),
        ({"action": "inventory"}, "Service ID is required"),
        ({"action": "inventory", "service": "999999"}, "Service not found"),
        ({"action": "inventory", "service": "abc"}, "Service not found"),
        ({"action": "add", "service": "999999", "quantity": "100", "link": LINK}, "Service not found"),
        ({"action": "add", "service": "-1", "quantity": "100", "link": LINK}, "Service not found"),
        ({"action": "add", "service": "1"}, "Quantity is required"),
        ({"action": "add", "service": "1", "quantity": "1.5"}, "Quantity must be a whole number"),
        ({"action": "status"}, "Order ID is required"),
        ({"action": "status", "order": "999999"}, "Order not found"),
        ({"action": "status", "order": "x"}, "Order not found"),
        ({"action": "status", "order": "9" * 40}, "Order not found"),
        ({"action": "status", "orders": ",".join(map(str, range(101)))}, "At most 100 at a time"),
        ({"action": "sms_code"}, "Order ID is required"),
        ({"action": "sms_code", "order": "999999"}, "Order not found"),
        ({"action": "sms_status", "order": "999999"}, "Order not found"),
        ({"action": "add_sms"}, "Project ID is required"),
        ({"action": "add_sms", "project_id": "65f"}, "Project not found"),
        ({"action": "add_sms", "project_id": "999999"}, "Project not found"),
        ({"action": "add_sms", "project_id": "1", "quantity": "x"}, "Quantity must be a whole number"),
        ({"action": "status", "order": "1\x00"}, "order has characters in it that are not allowed"),
    ],
)
def test_the_words_of_the_contract(ask, params, words):
    assert ask(**params) == {"error": words}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"action": "status"}, "Incorrect order ID"),
        ({"action": "status", "order": "999999"}, "Incorrect order ID"),
        ({"action": "refill", "order": "999999"}, "Incorrect order ID"),
        ({"action": "cancel", "order": "999999"}, "Incorrect order ID"),
        ({"action": "refill_status", "refill": "999999"}, "Refill not found"),
        ({"action": "add"}, "Incorrect service ID"),
        ({"action": "add", "service": "999999", "quantity": "5", "link": LINK}, "Incorrect service ID"),
        ({"action": "add", "runs": "3", "interval": "10"}, "Incorrect service ID"),
        (
            {"action": "add", "service": "1", "quantity": "5", "link": LINK, "runs": "3"},
            "Interval must be a whole number",
        ),
        (
            {"action": "add", "service": "1", "link": LINK, "comments": "a\r\nb"},
            "Only orders of type Default can be placed here: link and quantity",
        ),
        ({"action": "categories"}, "Invalid action"),
    ],
)
def test_the_words_of_the_panels(ask_panel, params, words):
    assert ask_panel(**params) == {"error": words}


def test_without_money_nothing_is_placed(ask, ask_panel, catalogue, projects, project, customer):
    service = catalogue[7]
    Service.objects.filter(pk=service.pk).update(price=60)
    type(project).objects.filter(pk=project.pk).update(price=60)
    wish = {"service": service.pk, "quantity": 1}
    assert ask("add", **wish) == {"error": "Insufficient balance"}
    assert ask_panel("add", **wish) == {"error": "Not enough funds on balance"}
    assert ask("add_sms", project_id=project.pk) == {"error": "Insufficient balance"}
    assert not Order.objects.exists()
    assert not Purchase.objects.exists()
    assert ask("balance")["balance"] == "50.00"
    assert audit().problems == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"quantity": "1"}, "Quantity: The smallest order"),
        ({"quantity": "9" * 12}, "Quantity: The largest order"),
        ({"link": ""}, "Link: Enter the link"),
        ({"link": "javascript:alert(1)"}, "Link: "),
    ],
)
def test_what_is_wrong_with_an_order_is_said_by_field(ask, catalogue, change, word):
    service = catalogue[1]
    answer = ask("add", **{"service": service.pk, "quantity": service.min, "link": LINK, **change})
    assert list(answer) == ["error"]
    assert answer["error"].startswith(word)
