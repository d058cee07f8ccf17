import django.db.models.manager
from django.db import migrations

import core.money


class Migration(migrations.Migration):
    dependencies = [("upstream", "0001_initial")]

    operations = [
        migrations.AlterModelOptions(
            name="balancereading", options={"base_manager_name": "begun", "ordering": ["-id"]}
        ),
        migrations.AlterModelManagers(
            name="balancereading",
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("begun", django.db.models.manager.Manager()),
            ],
        ),
        migrations.AlterField(model_name="balancereading", name="balance", field=core.money.MoneyField(null=True)),
    ]
