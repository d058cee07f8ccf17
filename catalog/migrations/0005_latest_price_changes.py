from datetime import timedelta

from django.db import migrations
from django.db.models import F
from django.utils import timezone


def copy(apps, schema_editor):
    """The feed of changes begins with the prices of the last thirty days."""
    PriceChange = apps.get_model('catalog', 'PriceChange')
    ShelfChange = apps.get_model('catalog', 'ShelfChange')
    late = PriceChange.objects.filter(changed_at__gt=timezone.now() - timedelta(days=30))
    moved = late.exclude(old_price=F('new_price')).order_by('pk').values_list(
        'service_id', 'service__category_id', 'old_price', 'new_price', 'changed_at'
    )
    batch = []
    for service, category, old, new, at in moved.iterator(chunk_size=1000):
        batch.append(
            ShelfChange(service_id=service, category_id=category, kind='PRICE', old_price=old, new_price=new, at=at)
        )
        if len(batch) == 1000:
            ShelfChange.objects.bulk_create(batch)
            batch = []
    ShelfChange.objects.bulk_create(batch)


class Migration(migrations.Migration):

    dependencies = [('catalog', '0004_shelf_changes_and_warranty')]

    operations = [migrations.RunPython(copy, migrations.RunPython.noop)]
