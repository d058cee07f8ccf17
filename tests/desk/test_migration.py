"""Requests that were made while they were a part of orders are still there, with their customer and their rights."""

import pytest
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.django_db(transaction=True)


BEFORE = [("orders", "0004_requests"), ("contenttypes", "0002_remove_content_type_name")]


def migrate(*targets):
    MigrationExecutor(connection).migrate(list(targets))


def test_they_move_with_everything_that_names_them(make, customer, now):
    orders = [make.running(), make.running()]
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        migrate(("desk", None), BEFORE[0])
        old = MigrationExecutor(connection).loader.project_state(BEFORE).apps
        Request = old.get_model("orders", "Request")
        for order, state in zip(orders, ["OPEN", "DONE"], strict=True):
            decided = None if state == "OPEN" else now
            Request.objects.create(order_id=order.pk, kind="CANCEL", state=state, asked_at=now, decided_at=decided)
        ContentType = old.get_model("contenttypes", "ContentType")
        ContentType.objects.filter(model="request").delete()
        named = ContentType.objects.create(app_label="orders", model="request")
    finally:
        migrate(*latest)
    from django.contrib.contenttypes.models import ContentType as Types

    from desk.models import Request as Moved

    assert [(each.order_id, each.state, each.customer) for each in Moved.objects.order_by("pk")] == [
        (orders[0].pk, "OPEN", customer),
        (orders[1].pk, "DONE", customer),
    ]
    Types.objects.clear_cache()
    # Rights are not among what is emptied after a test: those that went with the old type are made anew.
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
    assert Types.objects.get(pk=named.pk).app_label == "desk"
