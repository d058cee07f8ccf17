"""Each task's lines say which one it is, for what, and which request had it done; its time and its wait are counted.

A worker runs the tasks here as a live one does: messages go through the real broker.
"""

import logging
import threading

import pytest
from celery import shared_task
from celery.contrib.testing.worker import start_worker

from core.context import about
from reseller.celery import app
from reseller.observe import tasks as observe

pytestmark = pytest.mark.django_db(transaction=True)
log = logging.getLogger("tests.tasks")
done = threading.Event()


@shared_task(name="tests.works")
def works(*, order_id: int, note: str = "", queue_again: bool = False) -> None:
    log.info("works")
    if queue_again:
        works.apply_async(kwargs={"order_id": order_id + 1})
    else:
        done.set()


@shared_task(name="tests.breaks")
def breaks(*, order_id: int) -> None:
    done.set()
    raise ValueError("token=verysecret")


@pytest.fixture
def worker(broker, settings):
    done.clear()
    with start_worker(app, perform_ping_check=False, pool="threads", concurrency=2, queues=["submit"]):
        yield


def test_a_tasks_lines_say_what_it_is_about_and_who_had_it_done(worker, lines, counted):
    with about(request_id="0123456789abcdef", customer_id=5, route="/private/"):
        works.apply_async(kwargs={"order_id": 17, "note": "private", "queue_again": True}, queue="submit")
    assert done.wait(20)
    first, second = [line for line in lines if line["logger"] == "tests.tasks"]
    for line, order in ((first, 17), (second, 18)):
        assert (line["order_id"], line["task"]) == (order, "tests.works")
        # Handed on from task to task.
        assert (line["request_id"], line["customer_id"]) == ("0123456789abcdef", 5)
        assert len(line["task_id"]) == 36
    assert first["task_id"] != second["task_id"]
    assert "private" not in str(lines)


def test_a_task_that_breaks_is_told_and_counted(worker, lines, counted):
    breaks.apply_async(kwargs={"order_id": 17}, queue="submit")
    assert done.wait(20)
    works.apply_async(kwargs={"order_id": 18}, queue="submit")
    wait_for(lambda: ("tests.works",) in counted(observe.LATENCY.name))
    wait_for(lambda: [line for line in lines if line["level"] == "ERROR"])
    [error] = [line for line in lines if line["level"] == "ERROR"]
    assert (error["order_id"], error["task"]) == (17, "tests.breaks")
    assert "ValueError" in error["exception"]
    assert "verysecret" not in str(lines)
    assert counted(observe.FAILURES.name)[("tests.breaks",)] == (1.0, ())
    assert sum(counted(observe.LATENCY.name)[("tests.breaks",)][1]) == 1
    assert sum(counted(observe.WAITED.name)[("submit",)][1]) == 2


def wait_for(there):
    pause = threading.Event()
    for _ in range(200):
        if there():
            return
        pause.wait(0.1)
    raise AssertionError("it did not come")


def test_what_a_task_knew_is_forgotten_at_its_end(db, lines):
    works(order_id=17)
    works.apply(kwargs={"order_id": 17})
    log.info("afterwards")
    assert lines[-1]["event"] == "afterwards"
    assert "order_id" not in lines[-1]


def test_beat_is_noted_when_it_hands_out(counted, now):
    observe._beats()
    try:
        app.send_task("tests.works", kwargs={"order_id": 1}, queue="nobody")
    finally:
        observe.signals.after_task_publish.disconnect(dispatch_uid="observe")
    [(value, _buckets)] = counted(observe.BEAT.name).values()
    assert 0 <= value - now.timestamp() < 30
