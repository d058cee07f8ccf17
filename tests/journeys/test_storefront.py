"""What only a browser can say of the storefront: search by keyboard, the star without a reload, stock that is live."""

import re
from datetime import date
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from catalog.models import Favourite, Service, StockLook
from core.models import ExchangeRate
from tests.journeys.test_orders import accessible

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_search_by_keyboard_a_star_and_live_stock(stocked, page, signed_in, customer):
    service = Service.objects.get(upstream_id=7)
    ExchangeRate.objects.create(currency="EUR", rate=Decimal("0.92"), as_of=date(2026, 1, 31))
    signed_in(customer)
    page.goto(f"{stocked.url}/wallet/")

    # The box in the header, where the page has none of its own.
    box, options = page.get_by_role("combobox"), page.locator("#finder-found [role=option]")
    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.keyboard.type(service.name[:20])
    expect(options.first).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    accessible(page)
    page.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(options.first).to_be_hidden()
    expect(box).to_have_value(service.name[:20])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/services/\d+/"))
    page.goto(f"{stocked.url}/wallet/")
    page.keyboard.press("/")
    page.keyboard.type("add funds")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/search/\?q=add"))
    expect(page.get_by_role("main").get_by_role("link", name="Wallet")).to_be_visible()
    accessible(page)

    # A service: its stock is looked up by the page itself.
    page.goto(f"{stocked.url}/services/{service.pk}/")
    expect(page.locator("#stock")).to_contain_text("looked up")
    stocked.wait_until(lambda: StockLook.objects.filter(service=service, told_at__isnull=False), "a look at the stock")
    star = page.get_by_role("button", name=f"Favourite: {service.name}")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    assert Favourite.objects.filter(customer=customer, service=service).exists()
    accessible(page)

    page.goto(f"{stocked.url}/services/")
    page.get_by_text("Favourites", exact=True).click()
    expect(page).to_have_url(re.compile("favourites=1"))
    expect(page.locator("#found")).to_contain_text("1 found")
    accessible(page)


def test_a_total_in_the_second_currency_follows_what_is_typed(page, settings):
    page.set_content(
        '<html lang="en"><form data-order-total data-price="1000000" data-per="1" data-second="EUR" '
        'data-second-rate="0.92"><input data-quantity value="2"><span data-total="approx"></span></form>'
    )
    page.add_script_tag(path=settings.BASE_DIR / "static/js/shop.js")
    expect(page.locator("[data-total=approx]")).to_have_text("≈\u00a0€1.84")
    page.locator("input").fill("3")
    expect(page.locator("[data-total=approx]")).to_have_text("≈\u00a0€2.76")
    page.locator("input").fill("three")
    expect(page.locator("[data-total=approx]")).to_have_text("–")
