from django.db import migrations
from django.db.models import OuterRef, Subquery


def name_customers(apps, schema_editor):
    """A request that came before this room belongs to its order's customer."""
    Order = apps.get_model('orders', 'Order')
    Request = apps.get_model('desk', 'Request')
    whose = Order.objects.filter(pk=OuterRef('order_id')).values('customer_id')[:1]
    Request.objects.filter(customer=None).update(customer_id=Subquery(whose))


class Migration(migrations.Migration):

    dependencies = [('desk', '0002_help')]

    operations = [migrations.RunPython(name_customers, migrations.RunPython.noop)]
