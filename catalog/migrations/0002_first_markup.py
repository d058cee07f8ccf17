"""A shop starts with a mark-up on everything, so that nothing is ever sold at cost by oversight."""

from decimal import Decimal

from django.db import migrations


def add(apps, schema_editor):
    rule = apps.get_model("catalog", "MarkupRule")
    rule.objects.create(percent=Decimal(25), fixed=0, minimum_margin=0, rounding=Decimal("0.0001"))


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
