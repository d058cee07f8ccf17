import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Requests belong to the desk from here on; their table stays where it is."""

    dependencies = [('orders', '0006_completed_index')]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name='Request')]),
        migrations.AddField(
            model_name='order',
            name='warranty_days',
            field=models.PositiveSmallIntegerField(default=0, help_text='What its category promised when it was placed: later changes are for later orders.'),
        ),
        migrations.AddField(
            model_name='delivereditem',
            name='replaces',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='orders.delivereditem'),
        ),
        migrations.AlterField(
            model_name='orderevent',
            name='kind',
            field=models.CharField(choices=[('PLACED', 'Order placed, money set aside'), ('DELAYED', 'Delayed: it will go out by itself'), ('ACCEPTED', 'Accepted'), ('STARTED', 'In progress'), ('DELIVERED', 'Items delivered'), ('COMPLETED', 'Completed'), ('PARTIAL', 'Partly delivered, the rest paid back'), ('CANCELED', 'Canceled, money back'), ('REJECTED', 'Refused, money back'), ('REFUNDED', 'Refunded'), ('REPLACED', 'Delivered again'), ('UNCERTAIN', 'Nobody knows whether the vendor has it'), ('RESOLVED', 'Resolved by an operator'), ('HELD', 'Held back: it would be sold below cost')], max_length=12),
        ),
    ]
