"""What processes count meets in one place: in Redis, or in a table where the broker is none."""

import multiprocessing
import os
import subprocess
import sys
import threading

import pytest
from django.conf import settings

from core import metrics, metrics_store
from core.models import MetricSum

COUNTED = metrics.Counter("test_counted_total", "Only for tests.", ("word",))
TOOK = metrics.Histogram("test_seconds", "Only for tests.", ("word",), bounds=(0.1, 1.0))
NOTED = metrics.Stamp("test_noted", "Only for tests.")
NAMES = (COUNTED.name, TOOK.name, NOTED.name)


@pytest.fixture(params=["redis", "database"])
def store(request, db, broker, settings):
    """Each of the two stores, empty, and nothing counted yet in this process."""
    metrics.hand_over()
    broker.delete(metrics_store.KEY)
    if request.param == "database":
        settings.CELERY_BROKER_URL = "memory://"
    return request.param


@pytest.fixture(scope="module", autouse=True)
def _undeclared():
    """These metrics are nobody else's."""
    metrics.declared.update({metric.name: metric for metric in (COUNTED, TOOK, NOTED)})
    yield
    for name in NAMES:
        metrics.declared.pop(name)


def told():
    metrics.hand_over()
    sums = metrics.sums()
    return {name: {each.labels: (each.value, each.buckets) for each in sums[name]} for name in NAMES}


def test_nothing_is_counted_at_first(store):
    assert told() == {name: {} for name in NAMES}


def test_counts_add_up_and_notes_replace(store):
    for _again in range(2):
        COUNTED.inc("a")
        COUNTED.inc("a", by=2.5)
        COUNTED.inc("ß \"'\n中")
        NOTED.note(5)
        NOTED.note(7)
        found = told()
    assert found[COUNTED.name] == {("a",): (7.0, ()), ("ß \"'\n中",): (2.0, ())}
    assert found[NOTED.name] == {(): (7.0, ())}


def test_a_histogram_counts_by_upper_ends(store):
    for seconds in (0.05, 0.1, 0.5, 1.0, 3.0):
        TOOK.observe(seconds, "a")
    [(value, buckets)] = told()[TOOK.name].values()
    assert (round(value, 6), buckets) == (4.65, (2.0, 2.0, 1.0))


def test_what_another_release_counted_is_left_out(store):
    added = {'["gone_total"]': 1.0, '["test_counted_total"]': 1.0, '["test_seconds", "a", "99"]': 1.0}
    metrics_store.add(added, put={})
    assert told()[COUNTED.name] == {}


def test_threads_lose_nothing(store):
    def count():
        for _ in range(500):
            COUNTED.inc("t")

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        metrics.hand_over()
    for thread in threads:
        thread.join()
    assert told()[COUNTED.name] == {("t",): (4000.0, ())}


def test_a_store_that_is_away_gets_it_later(store, settings):
    reachable = settings.CELERY_BROKER_URL
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:9/0"
    COUNTED.inc("a")
    NOTED.note(1)
    metrics.hand_over()
    NOTED.note(2)
    metrics.hand_over()
    with pytest.raises(metrics_store.Away):
        metrics.sums()
    settings.CELERY_BROKER_URL = reachable
    COUNTED.inc("a")
    found = told()
    assert found[COUNTED.name] == {("a",): (2.0, ())}
    assert found[NOTED.name] == {(): (2.0, ())}


def test_a_forked_process_does_not_hand_over_what_its_parent_counted(db, broker):
    COUNTED.inc("fork")

    def child(said):
        COUNTED.inc("fork")
        metrics.hand_over()
        said.send(True)
        os._exit(0)

    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=child, args=(there,))
    process.start()
    assert here.poll(20)
    process.join()
    assert told()[COUNTED.name][("fork",)] == (2.0, ())


def test_a_process_that_ends_hands_over_what_it_counted_last(db, broker):
    code = (
        "import django; django.setup(); from core import metrics;"
        "counted = metrics.Counter('test_counted_total', 'Only for tests.', ('word',));"
        "metrics.hand_over_regularly(); counted.inc('ended')"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=settings.BASE_DIR, check=True)
    assert told()[COUNTED.name][("ended",)] == (1.0, ())


def test_a_name_is_declared_once():
    with pytest.raises(ValueError, match="twice"):
        metrics.Counter(COUNTED.name, "again")


def test_the_table_is_used_only_without_redis(store):
    COUNTED.inc("a")
    metrics.hand_over()
    assert MetricSum.objects.exists() is (store == "database")
