"""What the API lists is what it charges: for a customer with prices of their own, and with a promotion code."""

from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import CustomerGroup
from catalog.models import MarkupRule, PriceStep, Promotion, Service
from catalog.reprice import reprice
from orders.models import Order, PromotionUse
from reseller.books import audit
from sms.models import MarkupRule as NumbersRule
from sms.models import Purchase
from wallet import ledger

pytestmark = pytest.mark.django_db
LINK = "https://instagram.com/name"


@pytest.fixture(autouse=True)
def _books(db):
    yield
    assert audit().problems == []


@pytest.fixture
def group(rich, catalogue, now):
    """The customer's group, which pays 7 % more than the cost."""
    rich.group = CustomerGroup.objects.create(name="Resellers")
    rich.save()
    MarkupRule.objects.create(group=rich.group, percent=Decimal(7))
    reprice(now=now)
    return rich.group


def test_both_dialects_list_the_groups_price_and_charge_it(group, rich, ask, ask_panel, catalogue):
    service = catalogue[1]
    (row,) = [row for row in ask("services")["services"] if row["service"] == service.pk]
    (panels,) = [row for row in ask_panel("services") if row["service"] == service.pk]
    (paged,) = [row for row in ask("services", limit=100, page=1)["services"] if row["service"] == service.pk]
    assert row["rate"] == panels["rate"] == paged["rate"]
    assert Decimal(row["rate"]) < service.price
    for each in (ask, ask_panel):
        order = Order.objects.get(pk=each("add", service=service.pk, link=LINK, quantity=1000)["order"])
        assert order.charge == Decimal(row["rate"])


def test_another_customer_reads_the_general_price(group, stranger, make_key, catalogue):
    key = make_key(stranger)
    rows = Client().post("/api/v2", {"key": key, "action": "services"}).json()["services"]
    general = dict(Service.objects.values_list("pk", "price"))
    assert rows
    assert all(Decimal(row["rate"]) == general[row["service"]] for row in rows)


def test_a_large_order_is_charged_by_its_step(rich, ask, catalogue):
    service = catalogue[1]
    PriceStep.objects.create(rule=MarkupRule.objects.get(), from_quantity=1000, percent=Decimal(0))
    order = Order.objects.get(pk=ask("add", service=service.pk, link=LINK, quantity=1000)["order"])
    assert order.charge == service.rate


@pytest.mark.parametrize("dialect", ["ask", "ask_panel"])
def test_a_promotion_code_is_taken_in_both_dialects(dialect, request, rich, catalogue):
    ask, service = request.getfixturevalue(dialect), catalogue[1]
    Promotion.objects.create(code="TEN", percent=Decimal(10))
    wish = {"service": service.pk, "link": LINK, "quantity": 1000}
    assert ask("add", promo="NOPE", **wish) == {"error": "Promo: There is no such code."}
    assert not Order.objects.exists()
    order = Order.objects.get(pk=ask("add", promo="ten", idempotency_key="a", **wish)["order"])
    assert PromotionUse.objects.get().order == order
    assert order.charge < service.price
    assert ask("add", promo="ten", idempotency_key="a", **wish) == {"order": order.pk}
    assert "used before" in ask("add", idempotency_key="a", **wish)["error"]
    assert "as often" in ask("add", promo="ten", **wish)["error"]
    assert ledger.account_of(rich).held == order.charge


def test_numbers_are_listed_at_the_groups_price(rich, project, ask, secret, now):
    rich.group = CustomerGroup.objects.create(name="Resellers")
    rich.save()
    NumbersRule.objects.create(group=rich.group, percent=Decimal(900))
    (row,) = [row for row in ask("sms_projects") if row["project_id"] == str(project.pk)]
    assert Decimal(row["price"]) == project.cost * 10
    bot = Client()
    prices = bot.get("/stubs/handler_api.php", {"api_key": secret, "action": "getPrices"}).json()
    costs = {Decimal(str(offer["cost"])) for offers in prices.values() for offer in offers.values()}
    assert project.cost * 10 in costs
    assert not Purchase.objects.exists()
