"""Parts of a live shop: every queue has exactly one worker of its own, and what is no part is said to be none."""

import subprocess
import sys

import pytest

from core.queues import QUEUES
from reseller.celery import app
from reseller.up import part


def test_every_queue_that_a_task_goes_to_is_taken_by_one_worker_alone():
    routed = {route["queue"] for _name, route in app.conf.task_routes[0]} | {app.conf.task_default_queue}
    taken = [queue for name, queues in part.WORKERS.items() if name != "all" for queue in queues.split(",")]
    assert sorted(taken) == sorted(set(taken)) == sorted(QUEUES)
    assert routed <= set(taken)


@pytest.mark.parametrize("name", part.WORKERS)
def test_a_worker_takes_its_queues_with_as_many_threads_as_were_asked_for(name, monkeypatch):
    monkeypatch.setenv("WORKER_THREADS", "3")
    line = part.command(["worker", name])
    assert line[line.index("--queues") + 1] == part.WORKERS[name]
    assert line[line.index("--concurrency") + 1] == "3"


@pytest.mark.parametrize("words", [[], ["worker"], ["worker", "nonsense"], ["web", "more"]])
def test_what_is_no_part_is_answered_with_those_that_there_are(words):
    done = subprocess.run(
        [sys.executable, "-m", "reseller.up.part", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "worker {orders,codes,background,all}" in done.stderr


def test_whoever_watches_a_process_may_ask_it_by_any_name(client):
    assert client.get("/healthz", headers={"host": "10.1.2.3:8000"}).content == b"ok"
    assert client.get("/readyz", headers={"host": "10.1.2.3:8000"}).status_code == 400
