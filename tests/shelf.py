"""Services on the shelf without a vendor: what a page needs and nothing more."""

from decimal import Decimal

import pytest

from catalog.models import Category, Service, Subcategory


@pytest.fixture
def shelf(db, now):
    """`shelf(name, …)` puts a service on the shelf."""
    made = iter(range(1, 1_000_000))

    def shelf(name, *, category="Instagram", subcategory=None, **fields):
        kept, _made = Category.objects.get_or_create(name=category, defaults={"vendor_name": category})
        part = Subcategory.objects.get_or_create(category=kept, name=subcategory)[0] if subcategory else None
        figures = {"rate": Decimal("0.5"), "price": Decimal("0.9"), "unit": 1000, "min": 100, "max": 10_000}
        return Service.objects.create(
            upstream_id=next(made),
            name=name,
            entity=fields.pop("entity", "SMM"),
            category=kept,
            subcategory=part,
            vendor_name=name,
            vendor_category=kept,
            vendor_subcategory=part,
            search_text=f"{name} {category}".casefold(),
            first_seen_at=now,
            changed_at=now,
            **{**figures, **fields},
        )

    return shelf
