"""An operator opens an empty shop up to its first sale, and decides about orders that the shop can't decide."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from catalog.models import Service
from core.money import show
from orders import place, states
from orders.models import Order
from reseller.books import audit
from reseller.models import FirstRun
from tests.journeys.test_orders import accessible
from upstream.models import RateUnit
from wallet import ledger

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

LINK = "https://instagram.com/somebody"
PATIENCE = 60_000


def line(page: Page, title: str):
    """A check of the first-run page."""
    return page.locator(".shop-check", has=page.get_by_text(title, exact=True))


def test_from_an_empty_shop_to_the_first_sale(shop, page, owner, customer, signed_in):
    signed_in(owner)
    page.goto(f"{shop.url}/admin/")
    expect(page).to_have_url(f"{shop.url}/admin/first-run/")
    for title in ["Connection to the vendor", "Key to the vendor", "Balance with the vendor", "Broker"]:
        expect(line(page, title)).to_contain_text("Well")
    expect(line(page, "Catalogue")).to_contain_text("never copied")

    page.get_by_role("button", name="Sync now").click()
    expect(line(page, "Catalogue")).to_contain_text("120 services on sale", timeout=PATIENCE)
    expect(line(page, "Phone numbers")).to_contain_text("Well", timeout=PATIENCE)
    page.reload()
    expect(line(page, "Broker")).to_contain_text("Well")
    accessible(page)

    page.get_by_role("button", name="This is right").click()
    expect(page.get_by_text("Compare, and choose one.")).to_have_count(2)
    page.get_by_role("group", name="Social-media services").get_by_label("for 1,000 pieces").check()
    page.get_by_role("group", name="Digital products").get_by_label("for one piece").check()
    page.get_by_role("button", name="This is right").click()
    expect(line(page, "What a rate buys")).to_contain_text("Well")
    assert dict(RateUnit.objects.values_list("entity", "unit")) == {"SMM": 1000, "PRODUCT": 1}

    page.get_by_label("Per cent on services").fill("40")
    page.get_by_role("button", name="Set the prices").click()
    expect(line(page, "Mark-up on services")).to_contain_text("40%")
    page.get_by_role("button", name="Send a test letter to me").click()
    expect(page.get_by_text(f"took a letter to {owner.email}")).to_be_visible()
    shop.wait_until(lambda: any("A test letter" in mail for mail in shop.mails()), "the test letter")

    expect(line(page, "Worker and beat")).to_contain_text("Every queue is worked", timeout=PATIENCE)
    page.get_by_role("button", name="The shop is ready").click()
    expect(page.get_by_text("The shop is ready. This page stays")).to_be_visible()
    assert FirstRun.objects.get().done_by == owner

    signed_in(customer)
    service = Service.objects.get(upstream_id=1)
    assert service.price == (service.rate * Decimal("1.4")).quantize(Decimal("0.0001"))
    page.goto(f"{shop.url}/services/{service.pk}/")
    page.get_by_label("Link").fill(LINK)
    page.get_by_label("Quantity").fill("2000")
    page.get_by_role("button", name="Place order").click()
    expect(page.locator("#order").get_by_text("Completed", exact=True)).to_be_visible(timeout=PATIENCE)
    assert audit().problems == []


def doubtful(shop, sandbox, fault: str, customer: User) -> Order:
    """An order of which nobody knows whether the vendor has it."""
    sandbox.fault(fault, action="add", times=1)
    service = Service.objects.get(upstream_id=1)
    order = place.order(customer=customer, service_id=service.pk, quantity=1000, link=LINK, now=timezone.now())
    shop.wait_until(lambda: state(order) == states.UNCERTAIN, "the doubt", seconds=60)
    return order


def state(order: Order) -> str:
    order.refresh_from_db()
    return order.state


def open_order(page: Page, shop, order: Order, act: str) -> None:
    """Find the order by its number, as one does, and open one of its acts."""
    page.goto(f"{shop.url}/admin/orders/order/?q=%23{order.pk}")
    page.locator("#result_list a", has_text=str(order.pk)).first.click()
    page.get_by_role("link", name=act).first.click()


def test_doubts_are_decided_in_three_ways_goods_are_handed_over_and_money_goes_back(
    stocked, sandbox, page, customer, operator, signed_in
):
    now = timezone.now()
    ledger.adjust(account=ledger.account_of(customer), amount=Decimal(500), key="more", memo="more", now=now)
    sandbox.plan(service=1, behaviour="complete", seconds=30)
    there = doubtful(stocked, sandbox, "lost_after", customer)
    lost, gone = [doubtful(stocked, sandbox, "lost_before", customer) for _ in range(2)]
    product = Service.objects.filter(entity="PRODUCT", state="ON_SALE", stock__gte=3).order_by("price").first()
    sandbox.plan(service=product.upstream_id, pending=90_000, seconds=100_000)
    goods = place.order(customer=customer, service_id=product.pk, quantity=3, link="", now=now + timedelta(seconds=1))
    stocked.wait_until(lambda: state(goods) == states.RUNNING, "the goods' order", seconds=60)
    signed_in(operator)

    open_order(page, stocked, there, "The vendor has it")
    page.get_by_label("The vendor's order number").fill(str(sandbox.vendor.purchases[0].order))
    page.locator("[name=reason]").fill("seen on its page")
    page.get_by_role("button", name="It has this number").click()
    expect(page.get_by_text("runs as the vendor's order")).to_be_visible()

    open_order(page, stocked, lost, "send again")
    page.get_by_label("I looked it up").check()
    page.locator("[name=reason]").fill("not there")
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_text("goes out again")).to_be_visible()

    open_order(page, stocked, gone, "Give up")
    page.locator("[name=reason]").fill("the customer went elsewhere")
    page.get_by_role("button", name="Release the money").click()
    expect(page.get_by_text("are available to the customer again")).to_be_visible()
    assert state(gone) == states.REJECTED

    open_order(page, stocked, goods, "Deliver by hand")
    page.locator("[name=accounts]").fill("one@example.com:a\ntwo@example.com:b")
    page.locator("[name=reason]").fill("came by e-mail")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("2 of 3", exact=True)).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Deliver them").click()
    expect(page.get_by_text("ended as partial, 2 of 3 delivered")).to_be_visible()
    assert [item.text for item in goods.items.all()] == ["one@example.com:a", "two@example.com:b"]

    for order in (there, lost):
        stocked.wait_until(lambda each=order: state(each) == states.COMPLETED, "the end", seconds=60)
    open_order(page, stocked, there, "Refund")
    amount = (there.charge / 2).quantize(Decimal("0.0001"))
    page.locator("[name=amount]").fill(f"{amount:f}")
    page.locator("[name=reason]").fill("slow")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Can be refunded afterwards")).to_be_visible()
    page.get_by_role("button", name="Refund", exact=True).click()
    expect(page.get_by_text(f"{show(amount)} of order {there.pk}")).to_be_visible()
    expect(page.get_by_text("Transfer: refund")).to_be_visible()
    there.hold.refresh_from_db()
    assert there.hold.refunded == amount
    assert audit().problems == []
