"""The mark of the catalogue: another one after every change that a page shows, whoever makes it."""

import time
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.utils import timezone

from catalog import edition, shown
from catalog.models import Category, Edition, Service, Speed, Subcategory
from core import bulk

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(shelf):
    return shelf("Likes", subcategory="Photos")


def changes(act):
    before = edition.mark()
    act()
    return edition.mark() != before


def test_every_write_to_what_is_shown_changes_the_mark(service):
    now = timezone.now()
    assert changes(lambda: Service.objects.update(price=Decimal(2)))
    assert changes(lambda: service.save())
    assert changes(lambda: Category.objects.update(hidden=True))
    assert changes(lambda: Subcategory.objects.update(name="Films"))
    assert changes(lambda: bulk.update([service], ["min"]))
    speed = {"orders": 9, "done_median": 60, "done_p90": 90, "counted_at": now}
    assert changes(lambda: Speed.objects.create(service=service, **speed))
    assert changes(lambda: Speed.objects.all().delete())
    row = {field.attname: getattr(service, field.attname) for field in Service._meta.local_concrete_fields}
    row.pop("id")
    assert changes(lambda: bulk.create(Service, [{**row, "upstream_id": 77}]))
    assert changes(lambda: Service.objects.filter(upstream_id=77).delete())


def test_what_a_page_does_not_show_changes_nothing(service, customer):
    assert not changes(lambda: customer.save())
    assert not changes(lambda: Service.objects.count())


def test_sweeping_keeps_the_newest_and_changes_the_mark(service):
    for number in range(40):
        Edition.objects.create(number=number)
    assert changes(edition.sweep)
    assert Edition.objects.count() == edition._NEWEST + 1
    assert changes(edition.sweep)
    assert Edition.objects.count() == edition._NEWEST + 1
    assert changes(lambda: Service.objects.update(min=7))


def test_a_late_row_that_is_swept_away_does_not_bring_an_old_mark_back(db):
    Edition.objects.all().delete()
    Edition.objects.bulk_create(Edition(pk=pk) for pk in range(1000, 1000 + edition._NEWEST))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT setval(pg_get_serial_sequence('catalog_edition', 'id'), 2000)")
    before = edition.mark()
    Edition.objects.create(pk=7)  # its number was given before the others', and it is committed after them
    edition.sweep()
    assert not Edition.objects.filter(pk=7).exists()
    assert edition.mark() != before


def test_a_page_is_read_again_only_when_something_changed(service, client, django_assert_max_num_queries):
    client.get("/services/")
    with django_assert_max_num_queries(4) as asked:
        client.get("/services/")
    assert not [each["sql"] for each in asked.captured_queries if "catalog_service" in each["sql"]]
    Service.objects.update(name="Hearts")
    assert "Hearts" in client.get("/services/").content.decode()


def test_what_was_hidden_is_gone_at_once(service, client):
    assert "Likes" in client.get("/services/").content.decode()
    Category.objects.update(hidden=True)
    assert "Likes" not in client.get("/services/").content.decode()


def test_pages_kept_are_those_looked_at_last(shelf):
    for number in range(3):
        shelf(f"Likes {number}")
    first = shown.look(shown.Wanted(), "")
    for number in range(shown.KEPT):
        shown.look(shown.Wanted(words=f"likes {number}"), "")
        assert shown.look(shown.Wanted(), "") is first
    assert len(shown.kept._pages) == shown.KEPT
    assert shown.look(shown.Wanted(words="likes 0"), "").page.paginator.count == 1


def test_without_its_triggers_a_page_is_kept_for_a_short_while(service, client, monkeypatch):
    client.get("/services/")
    mark = edition.mark()
    monkeypatch.setattr(edition, "mark", lambda: mark)
    Service.objects.update(name="Hearts")
    assert "Hearts" not in client.get("/services/").content.decode()
    later = time.monotonic() + shown.KEPT_FOR + 1
    monkeypatch.setattr(shown.time, "monotonic", lambda: later)
    assert "Hearts" in client.get("/services/").content.decode()


def test_favourites_are_not_kept(service, customer):
    wanted = shown.Wanted(favourites_of=customer.pk)
    assert shown.look(wanted, "") is not shown.look(wanted, "")
    assert not shown.kept._pages


def test_a_page_read_while_the_catalogue_changed_is_not_kept(service):
    mark = edition.mark()
    page = shown.look(shown.Wanted(), "")
    shown.kept.clear()
    shown.kept.get(mark, (shown.Wanted(), ""))
    Service.objects.update(name="Hearts")
    shown.kept.get(edition.mark(), (shown.Wanted(), ""))
    shown.kept.put(mark, (shown.Wanted(), ""), page)
    assert not shown.kept._pages


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_late_changes_the_mark_late(shelf):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    import psycopg

    service = shelf("Likes")
    other = psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None})
    try:
        other.execute("UPDATE catalog_service SET min = 5 WHERE id = %s", [service.pk])
        with transaction.atomic():
            Category.objects.update(position=9)
        early = edition.mark()
        other.commit()
        assert edition.mark() != early
    finally:
        other.close()
