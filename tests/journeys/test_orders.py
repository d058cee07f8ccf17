"""From a stranger to a delivered order, in a real browser."""

import re
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from catalog.models import Service
from core.money import show
from orders import states
from orders.models import Order
from reseller.books import audit
from tests.axe import serious
from wallet import ledger

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

PASSWORD = "correct horse battery"
LINK = "https://instagram.com/somebody"
# An order takes a minute or three of the vendor's time; here that is seconds, and a busy machine is slow.
PATIENCE = 60_000


def accessible(page: Page) -> None:
    """No serious finding on the page as it is."""
    assert serious(page) == [], page.url


def open_service(page: Page, words: str, service: Service) -> None:
    """Find a service by search, as one types."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Catalogue").click()
    page.wait_for_url("**/services/")
    page.wait_for_load_state()
    page.keyboard.press("/")
    page.keyboard.type(words)
    row = page.get_by_role("link", name=service.name, exact=True).first
    expect(row).to_be_visible()
    expect(page).to_have_url(re.compile("q="))
    accessible(page)
    row.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(service.name)


def _links(shop) -> list[str]:
    return re.findall(r"http://\S+/confirm-email/\S+", "".join(shop.mails()))


def test_a_stranger_signs_up_is_credited_orders_and_gets_it(stocked, sandbox, page):
    page.goto(stocked.url)
    accessible(page)
    page.get_by_role("banner").get_by_role("link", name="Sign up").click()
    page.get_by_label("E-mail address").fill("new@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    accessible(page)
    page.get_by_role("button", name="Create account").click()
    expect(page.locator("#balance")).to_contain_text("$0.00")

    # The letter that confirms the address.
    stocked.wait_until(lambda: _links(stocked), "the confirmation letter")
    page.goto(_links(stocked)[0])
    page.get_by_role("main").get_by_role("button").click()

    stocked.manage("credit", "new@example.com", "80.00", "--reason", "welcome")

    # A social-media service.
    service = Service.objects.get(upstream_id=1)
    open_service(page, "instagram followers max 10k", service)
    page.get_by_label("Link").fill(LINK)
    page.get_by_label("Quantity").fill("2000")
    expect(page.locator("[data-total=charge]")).to_have_text(show(service.price * 2))
    accessible(page)
    page.get_by_role("button", name="Place order").click()
    expect(page.locator("#toasts").get_by_text("is placed")).to_be_visible()
    accessible(page)
    expect(page.locator("#order").get_by_text("Completed", exact=True)).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#order")).to_contain_text("2,000 of 2,000 delivered")

    # A digital product: hidden until asked for, copied, downloaded.
    product = Service.objects.get(upstream_id=7)
    open_service(page, product.name.split(" - ")[0], product)
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Place order").click()
    expect(page.locator("#order").get_by_text("Completed", exact=True)).to_be_visible(timeout=PATIENCE)
    order = Order.objects.latest("pk")
    first, second = [item.text for item in order.items.all()]
    assert first not in page.content()
    page.get_by_role("button", name="Show items").click()
    expect(page.locator("#goods")).to_contain_text(first)
    expect(page.locator("#goods")).to_contain_text(second)
    expect(page.get_by_role("button", name="Show items")).to_have_count(0)
    expect(page.get_by_role("link", name="Hide items")).to_be_focused()
    accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download .txt").click()
    assert download.value.path().read_text() == f"{first}\n{second}\n"
    page.get_by_role("link", name="Hide items").click()
    expect(page.get_by_role("button", name="Show items")).to_be_visible()
    assert first not in page.content()

    page.get_by_role("navigation", name="Main").get_by_role("link", name="Wallet").click()
    accessible(page)
    user = User.objects.get(email="new@example.com")
    account = ledger.account_of(user)
    spent = sum(order.charge for order in Order.objects.filter(customer=user))
    assert account.balance == Decimal(80) - spent
    assert account.held == 0
    assert audit().problems == []


@pytest.fixture
def buyer(stocked, customer, signed_in):
    ledger.adjust(account=ledger.account_of(customer), amount=Decimal(500), key="more", memo="more", now=timezone.now())
    signed_in(customer)
    return customer


def test_a_partial_order_pays_back_to_the_micro_what_was_not_delivered(stocked, sandbox, page, buyer):
    service = Service.objects.get(upstream_id=1)
    sandbox.plan(service=1, behaviour="partial", deliver=777)
    page.goto(f"{stocked.url}/services/{service.pk}/")
    page.get_by_label("Link").fill(LINK)
    page.get_by_label("Quantity").fill("1001")
    page.get_by_role("button", name="Place order").click()
    expect(page.locator("#order").get_by_text("Partial", exact=True)).to_be_visible(timeout=PATIENCE)
    order = Order.objects.get()
    assert (order.state, order.delivered) == (states.PARTIAL, 777)
    exact = order.charge * 777 / 1001
    paid = order.hold.captured
    assert exact <= paid < exact + Decimal("0.000001")
    expect(page.get_by_text("came back to your balance")).to_be_visible()
    assert ledger.account_of(buyer).balance == Decimal(550) - paid
    assert audit().problems == []


def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(stocked, page, buyer):
    service = Service.objects.get(upstream_id=1)
    page.goto(f"{stocked.url}/services/{service.pk}/")
    page.get_by_label("Link").fill("not a link")
    page.get_by_label("Quantity").fill("7")
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_text("A link has no spaces in it.")).to_be_visible()
    expect(page.get_by_text(f"The smallest order is {service.min}.")).to_be_visible()
    expect(page.get_by_label("Link")).to_have_value("not a link")
    expect(page.get_by_label("Quantity")).to_have_value("7")
    accessible(page)

    # The price rises while the form is open: it has to be accepted.
    page.get_by_label("Link").fill(LINK)
    page.get_by_label("Quantity").fill("1000")
    Service.objects.filter(pk=service.pk).update(price=service.price + 1)
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_text("The price rose")).to_be_visible()
    assert Order.objects.count() == 0
    page.get_by_role("button", name="Place order").click()
    expect(page.locator("#toasts").get_by_text("is placed")).to_be_visible()
    assert Order.objects.get().price == service.price + 1
    assert audit().problems == []


def test_a_double_click_is_one_order(stocked, page, buyer):
    service = Service.objects.get(upstream_id=1)
    page.goto(f"{stocked.url}/services/{service.pk}/")
    page.get_by_label("Link").fill(LINK)
    page.get_by_role("button", name="Place order").dblclick()
    expect(page.locator("#toasts").get_by_text("is placed")).to_be_visible()
    assert Order.objects.count() == 1
    assert audit().problems == []


def test_an_operator_ends_the_doubt_about_an_order(stocked, sandbox, page, operator, customer, signed_in):
    from orders import place

    sandbox.fault("lost_after", action="add", times=1)
    service = Service.objects.get(upstream_id=1)
    order = place.order(customer=customer, service_id=service.pk, quantity=1000, link=LINK, now=timezone.now())
    stocked.wait_until(lambda: Order.objects.get(pk=order.pk).state == states.UNCERTAIN, "the doubt")
    number = sandbox.vendor.purchases[0].order
    signed_in(operator)
    page.goto(f"{stocked.url}/admin/orders/order/{order.pk}/change/")
    page.get_by_role("link", name=re.compile("The vendor has it")).first.click()
    page.locator("[name=upstream_id]").fill(str(number))
    page.locator("[name=reason]").fill("seen in the vendor's list")
    page.locator("#content form, main form").last.get_by_role("button").last.click()
    stocked.wait_until(lambda: Order.objects.get(pk=order.pk).state == states.COMPLETED, "the end", seconds=60)
    assert audit().problems == []
