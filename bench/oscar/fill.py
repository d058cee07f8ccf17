"""Run in django-oscar's environment: make its tables and 10,000 products in one category; say how to ask for it.

    python fill.py 10000

Prints the category's path and the cookie of a customer who is logged in, as JSON.
"""

import json
import os
import sys
from decimal import Decimal

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop_settings")

import django


def main() -> None:
    django.setup()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command
    from django.db import connection
    from oscar.apps.catalogue.models import Category, Product, ProductCategory, ProductClass
    from oscar.apps.partner.models import Partner, StockRecord

    count = int(sys.argv[1])
    call_command("migrate", verbosity=0)
    kind = ProductClass.objects.create(name="Service", track_stock=False, requires_shipping=False)
    category = Category.add_root(name="Services")
    partner = Partner.objects.create(name="Vendor")
    Product.objects.bulk_create(
        [
            Product(title=f"Service number {n}", slug=f"s-{n}", product_class=kind, structure="standalone", upc=str(n))
            for n in range(1, count + 1)
        ],
        batch_size=1000,
    )
    products = list(Product.objects.all())
    ProductCategory.objects.bulk_create([ProductCategory(product=each, category=category) for each in products])
    StockRecord.objects.bulk_create(
        [
            StockRecord(
                product=each, partner=partner, partner_sku=str(each.pk), price=Decimal("0.9"), price_currency="USD"
            )
            for each in products
        ]
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    customer = get_user_model().objects.create_user("customer", "customer@example.com", "x")
    session = SessionStore()
    session[SESSION_KEY] = str(customer.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = customer.get_session_auth_hash()
    session.save()
    print(json.dumps({"path": category.get_absolute_url(), "cookie": f"sessionid={session.session_key}"}))


if __name__ == "__main__":
    main()
