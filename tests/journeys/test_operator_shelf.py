"""An operator changes a rule and a name, in a real browser; customers see both, and a sync leaves them be."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from catalog.models import MarkupRule, Service
from core.money import show
from tests.journeys.test_orders import accessible

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_a_rule_is_previewed_and_saved_and_a_renamed_service_survives_a_sync(
    stocked, page, signed_in, operator, settings
):
    service = Service.objects.get(upstream_id=1)
    rule = MarkupRule.objects.get(active=True, category=None, subcategory=None, service=None, group=None)
    signed_in(operator)
    page.goto(f"{stocked.url}/admin/catalog/markuprule/{rule.pk}/change/")
    page.get_by_label("Percent").first.fill("80")
    page.get_by_role("button", name=re.compile("^Save$")).first.click()
    expect(page.get_by_text("of 120 services get another price")).to_be_visible()
    expect(page.get_by_text("Nothing is saved yet")).to_be_visible()
    rule.refresh_from_db()
    assert rule.percent != 80
    page.get_by_label("Words in the name").fill(service.name)
    page.get_by_role("button", name="Filter").click()
    wanted = service.rate * Decimal("1.8")
    expect(page.get_by_text(f"{show(wanted)} per 1,000").first).to_be_visible()
    page.get_by_role("button", name="Save it").click()
    expect(page.get_by_text("prices changed.")).to_be_visible()

    page.goto(f"{stocked.url}/admin/catalog/service/{service.pk}/change/")
    expect(page.get_by_text("Price history")).to_be_visible()
    page.get_by_label("Own name").fill("Zebra followers")
    page.get_by_label("Name in Chinese").fill("斑马粉丝")
    page.get_by_role("button", name=re.compile("^Save$")).first.click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    stocked.manage("sync_catalog")

    page.goto(f"{stocked.url}/services/?q=zebra")
    row = page.get_by_role("row").filter(has_text="Zebra followers")
    expect(row).to_contain_text(show(wanted))
    accessible(page)
    row.get_by_role("link", name="Zebra followers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Zebra followers")
    service.refresh_from_db()
    assert (service.price, service.own_name) == (wanted, "Zebra followers")
