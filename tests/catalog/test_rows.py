"""The list's rows, drawn once: what is shown is always what is so now, for whoever looks."""

from decimal import Decimal

import pytest
from django.utils import translation

from catalog import rows
from catalog.models import Favourite, Service

pytestmark = pytest.mark.django_db


def page(client):
    return client.get("/services/").content.decode()


@pytest.fixture
def service(shelf):
    for number in range(8):
        shelf(f"Likes {number}")
    return Service.objects.order_by("pk").first()


def test_a_row_follows_every_change_at_once(service, client):
    assert "Quite another name" not in page(client)
    Service.objects.filter(pk=service.pk).update(name="Quite another name", price=Decimal("7.77"), min=3, max=8_888)
    text = page(client)
    assert "Quite another name" in text
    assert "$7.77" in text
    assert "3–8,888" in text
    Service.objects.filter(pk=service.pk).update(price=Decimal("7.78"))
    assert "$7.78" in page(client)
    assert "$7.77" not in page(client)


def test_a_row_is_drawn_for_each_language(service, client):
    client.cookies["django_language"] = "zh-hans"
    assert "自动" in page(client)
    client.cookies["django_language"] = "en"
    assert "Automatic" in page(client)
    assert "自动" not in page(client)


def test_stars_are_each_customers_own(service, client, customer, django_user_model):
    Favourite.objects.create(customer=customer, service=service)
    pressed = f'id="star-{service.pk}" aria-pressed="true"'
    client.force_login(customer)
    assert pressed in page(client)
    client.force_login(django_user_model.objects.create_user("other@example.com"))
    assert pressed not in page(client)
    assert f'id="star-{service.pk}" aria-pressed="false"' in page(client)
    client.logout()
    assert "star-" not in page(client)


def test_what_is_drawn_is_kept_and_only_so_much_of_it(service, client):
    rows._drawn.cache_clear()
    page(client)
    drawn = rows._drawn.cache_info().misses
    page(client)
    assert drawn == Service.objects.count() == 8
    assert rows._drawn.cache_info().misses == drawn
    assert rows._drawn.cache_info().maxsize == rows.KEPT


def test_a_hostile_name_is_text(service, client):
    Service.objects.filter(pk=service.pk).update(name="<script>alert(1)</script>")
    with translation.override("en"):
        assert "<script>alert(1)" not in page(client)
        assert "&lt;script&gt;alert(1)" in page(client)
