"""Numbers start with a mark-up, so that none is ever sold at cost by oversight."""

from decimal import Decimal

from django.db import migrations


def add(apps, schema_editor):
    apps.get_model("sms", "MarkupRule").objects.create(percent=Decimal(25), rounding=Decimal("0.0001"))


class Migration(migrations.Migration):
    dependencies = [("sms", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
