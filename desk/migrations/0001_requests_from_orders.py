import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def take_over(apps, schema_editor):
    """Rights of operators and entries of the history name the model by its content type: it goes along."""
    ContentType = apps.get_model('contenttypes', 'ContentType')
    if not ContentType.objects.filter(app_label='desk', model='request').exists():
        ContentType.objects.filter(app_label='orders', model='request').update(app_label='desk')


def give_back(apps, schema_editor):
    ContentType = apps.get_model('contenttypes', 'ContentType')
    if not ContentType.objects.filter(app_label='orders', model='request').exists():
        ContentType.objects.filter(app_label='desk', model='request').update(app_label='orders')


class Migration(migrations.Migration):
    """The table of requests as orders made it, now in this room's hands: nothing moves."""

    initial = True
    dependencies = [
        ('orders', '0007_requests_move_and_replacements'),
        ('contenttypes', '0002_remove_content_type_name'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='Request',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('kind', models.CharField(choices=[('REFILL', 'Refill'), ('CANCEL', 'Cancel')], max_length=8)),
                        ('state', models.CharField(choices=[('OPEN', 'Open'), ('DONE', 'Done'), ('REFUSED', 'Refused')], default='OPEN', max_length=8)),
                        ('note', models.TextField(blank=True, help_text='For operators.')),
                        ('asked_at', models.DateTimeField()),
                        ('decided_at', models.DateTimeField(blank=True, null=True)),
                        ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                        ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='orders.order')),
                    ],
                    options={
                        'db_table': 'orders_request',
                        'ordering': ['-id'],
                        'indexes': [models.Index(condition=models.Q(('state', 'OPEN')), fields=['id'], name='request_open')],
                        'constraints': [
                            models.UniqueConstraint(condition=models.Q(('state', 'OPEN')), fields=('order', 'kind'), name='request_one_open_a_kind'),
                            models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('state', 'OPEN')), models.Q(('decided_at__isnull', False), ('state__in', ['DONE', 'REFUSED'])), _connector='OR'), name='request_decided_has_its_time'),
                        ],
                    },
                ),
            ],
        ),
        migrations.RunPython(take_over, give_back),
    ]
