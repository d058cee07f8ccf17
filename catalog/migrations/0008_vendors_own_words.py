"""What stood in each row so far is the vendor's. A migration of its own: PostgreSQL alters no table in between."""

from django.db import migrations
from django.db.models import F


def remember(apps, schema_editor):
    apps.get_model("catalog", "Category").objects.filter(vendor_name=None).update(vendor_name=F("name"))
    apps.get_model("catalog", "Service").objects.filter(vendor_name="").update(
        vendor_name=F("name"), vendor_category=F("category"), vendor_subcategory=F("subcategory")
    )


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0007_own_words_and_prices"),
    ]

    operations = [
        migrations.RunPython(remember, migrations.RunPython.noop),
    ]
