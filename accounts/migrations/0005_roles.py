"""A group for each role of staff; what it may do stands in accounts/roles.py."""

from django.db import migrations

ROLES = ("Owner", "Finance", "Catalogue", "Support")


def make(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects
    for name in ROLES:
        groups.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_suspensions_notes_limits"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    # Kept on the way back: people are in them.
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
