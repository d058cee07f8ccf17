"""Many new rows at once are what one by one they would be, on both databases."""

from decimal import Decimal

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from catalog.models import Category, Service, Subcategory
from core import bulk

pytestmark = pytest.mark.django_db


def rows(category, now, count=3):
    return [
        {
            "upstream_id": 900 + number,
            "name": f"Tab\tand \\backslash, “quotes” and \\N {number}",
            "rate": Decimal("0.000001") * (number + 1),
            "price": Decimal("12.5"),
            "unit": 1000,
            "min": 1,
            "max": 10,
            "category_id": category.pk,
            "stock": None if number % 2 else 5,
            "refill": True,
            "first_seen_at": now,
            "changed_at": now,
        }
        for number in range(count)
    ]


def test_each_is_as_if_saved_alone(now):
    category = Category.objects.create(name="Bulk")
    given = rows(category, now)
    bulk.create(Service, given)
    made = list(Service.objects.order_by("upstream_id").values())
    for row in given:
        row["upstream_id"] += 100
    for row in given:
        Service.objects.create(**row)
    alone = list(Service.objects.filter(upstream_id__gte=1000).order_by("upstream_id").values())
    assert len(made) == len(alone) == 3
    for one, other in zip(made, alone, strict=True):
        assert {**one, "id": 0, "upstream_id": 0} == {**other, "id": 0, "upstream_id": 0}
    Service.objects.create(**{**given[0], "upstream_id": 5000})  # numbers go on after what was written


def test_a_constraint_refuses_all_of_them(now):
    category = Category.objects.create(name="Bulk")
    given = rows(category, now)
    given[2]["upstream_id"] = given[0]["upstream_id"]
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.create(Service, given)
    assert not Service.objects.exists()


def test_nothing_is_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        bulk.create(Service, [])


class TestUpdating:
    def test_named_fields_alone_are_written(self, now):
        category, other = Category.objects.create(name="Bulk"), Category.objects.create(name="Other")
        bulk.create(Service, rows(category, now))
        services = list(Service.objects.order_by("pk"))
        for number, service in enumerate(services):
            service.name = f'{{quoted}} "name", NULL {number}'
            service.rate = Decimal("7.000001") + number
            service.stock = None if number else 3
            service.category = other
            service.changed_at = now.replace(year=2020 + number)
            service.max = 1  # not named below
        bulk.update(services, ["name", "rate", "stock", "category", "changed_at"])
        for number, kept in enumerate(Service.objects.order_by("pk")):
            assert kept.name == f'{{quoted}} "name", NULL {number}'
            assert kept.rate == Decimal("7.000001") + number
            assert kept.stock == (None if number else 3)
            assert kept.category == other
            assert kept.changed_at.year == 2020 + number
            assert kept.max == 10

    def test_what_is_too_long_is_refused_and_not_cut(self, now):
        category = Category.objects.create(name="Bulk")
        bulk.create(Service, rows(category, now, 1))
        service = Service.objects.get()
        service.type = "x" * 5000
        if connection.vendor == "postgresql":
            with pytest.raises(DataError), transaction.atomic():
                bulk.update([service], ["type"])

    def test_nothing_is_nothing(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            bulk.update([], ["name"])


def test_no_query_of_a_delete_names_more_rows_than_a_batch(monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 3)
    kept = Category.objects.create(name="kept")
    for name in "abcdefgh":
        Subcategory.objects.create(category=Category.objects.create(name=name), name="part")
    most = 0

    def look(execute, sql, params, many, context):
        nonlocal most
        most = max(most, len(params or ()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        bulk.delete(Category.objects.exclude(pk=kept.pk))
    assert list(Category.objects.all()) == [kept]
    assert not Subcategory.objects.exists()
    assert most <= 4
