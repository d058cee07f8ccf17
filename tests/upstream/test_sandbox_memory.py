"""The stand-in for the vendor goes on after a restart where it stopped, and never gives a number twice."""

import os
import pickle
import stat
import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import requests

from upstream.sandbox import memory
from upstream.sandbox.server import Sandbox

FOLLOWERS = 1  # USD 0.50 for 1,000


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sandbox.state"


def ask(sandbox, action, **fields):
    form = {"key": "sandbox-key", "action": action, **fields}
    return requests.post(sandbox.url, data=form, timeout=5).json()


def order(sandbox):
    return ask(sandbox, "add", service=FOLLOWERS, link="https://instagram.com/username", quantity=1_000)["order"]


def since_epoch():
    return int((datetime.now(UTC) - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds())


def test_everything_goes_on_to_its_end(path):
    with Sandbox(speed=0, memory=path) as first:
        whole = order(first)
        first.plan(behaviour="partial", deliver=400, seconds=60, times=1)
        part = order(first)
        project = first.vendor.projects_that("code", country="us")[0]
        got = ask(first, "add_sms", project_id=project)["orders"][0]
        barren = ask(first, "add_sms", project_id=first.vendor.projects_that("expire", country="us")[0])
        first.set_service(3, name="Renamed")
        before, balance, stock = first.vendor.journal, first.vendor.balance, first.vendor.services[1].stock
        first.advance(1)
        now = first.vendor.clock.now()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == [path.name]

    with Sandbox(speed=0, memory=path) as second:
        vendor = second.vendor
        assert vendor.journal == before
        assert vendor.balance == balance
        assert vendor.clock.now() == pytest.approx(now)
        assert vendor.services[3].name == "Renamed"
        assert vendor.services[1].stock == stock
        assert vendor.orders[whole].service is vendor.services[1]
        assert ask(second, "status", order=whole)["status"] == "Pending"
        assert ask(second, "sms_code", order=got["order"])["status"] == "waiting"
        second.advance(25)
        assert ask(second, "sms_code", order=got["order"])["code"]
        second.advance(400)
        assert ask(second, "status", order=whole)["status"] == "Completed"
        assert ask(second, "status", order=part) | {"start_count": 0} == {
            "status": "Partial",
            "charge": "0.20",
            "start_count": 0,
            "remains": 600,
            "currency": "USD",
            "autoDelivery": True,
        }
        assert ask(second, "sms_status", order=got["order"])["status"] == "completed"
        rented = barren["orders"][0]["order"]
        assert ask(second, "sms_status", order=rented)["status"] == "expired"
        assert {entry.order for entry in vendor.pay_backs} == {part, rented}
        assert vendor.services[1].stock == stock + 600
        assert order(second) > rented
        assert vendor.purchases[-1].sequence > before[-1].sequence

    with Sandbox(speed=0, memory=path) as third:
        assert len(third.vendor.pay_backs) == 2


def test_time_passes_while_it_is_down(path, monkeypatch):
    with Sandbox(speed=10, memory=path) as first:
        id_ = order(first)
        rented = ask(first, "add_sms", project_id=first.vendor.projects_that("code", country="us")[0])["orders"][0]
        expires = ask(first, "sms_status", order=rented["order"])["expires_at"]
        now = first.vendor.clock.now()
    with Sandbox(speed=10, memory=path) as second:
        again = ask(second, "sms_status", order=rented["order"])["expires_at"]
        difference = datetime.fromisoformat(again) - datetime.fromisoformat(expires)
        assert abs(difference.total_seconds()) < 0.5
    later = time.time() + 100
    monkeypatch.setattr(memory.time, "time", lambda: later)
    with Sandbox(speed=10, memory=path) as third:
        assert third.vendor.clock.now() >= now + 1_000
        assert ask(third, "status", order=id_)["status"] == "Completed"


def test_a_clock_set_back_moves_nothing_back(path, monkeypatch):
    with Sandbox(speed=1, memory=path) as first:
        first.advance(50)
        now = first.vendor.clock.now()
    monkeypatch.setattr(memory.time, "time", lambda: 0.0)
    with Sandbox(speed=1, memory=path) as second:
        assert second.vendor.clock.now() >= now


def test_ids_go_on_after_a_stop(path):
    low = 23_501 + since_epoch()
    with Sandbox(speed=0, memory=path) as first:
        assert low <= order(first) <= low + 60
        given = [order(first) for _ in range(80)]
    with Sandbox(speed=0, memory=path) as second:
        assert order(second) == given[-1] + 1


def test_ids_do_not_repeat_after_a_crash(path):
    with Sandbox(speed=0, memory=path) as first:
        in_use = path.read_bytes()
        given = {order(first) for _ in range(50)}
    # What a killed sandbox leaves that never got round to writing what it sold.
    path.write_bytes(in_use)
    with Sandbox(speed=0, memory=path) as second:
        assert not second.vendor.orders
        assert order(second) > max(given)


def test_changes_are_written_while_it_runs(path, monkeypatch):
    monkeypatch.setattr(memory, "EVERY", 0.02)
    with Sandbox(speed=0, memory=path) as sandbox:
        id_ = order(sandbox)
        deadline = time.monotonic() + 5
        while id_ not in pickle.loads(path.read_bytes())["vendor"]["orders"]["orders"]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.1)
        written = path.stat().st_mtime_ns
        ask(sandbox, "status", order=id_)
        time.sleep(0.2)
        assert path.stat().st_mtime_ns == written


class Evil:
    def __reduce__(self):
        return os.mkdir, ("evil",)


@pytest.mark.parametrize(
    "content",
    [b"", b"not a pickle", pickle.dumps([1]), pickle.dumps({"vendor": {}}), pickle.dumps(Evil())],
    ids=["empty", "text", "list", "poor", "evil"],
)
def test_a_broken_file_is_set_aside(path, content, capsys, monkeypatch):
    monkeypatch.chdir(path.parent)
    path.write_bytes(content)
    with Sandbox(speed=0, memory=path) as sandbox:
        assert order(sandbox) >= 23_501 + since_epoch() - 60
    assert path.with_name("sandbox.state.aside").read_bytes() == content
    assert "can't be read; it is now sandbox.state.aside" in capsys.readouterr().err
    assert not path.with_name("evil").exists()
    with Sandbox(speed=0, memory=path) as again:
        assert len(again.vendor.orders) == 1


@pytest.mark.parametrize("other", [{"seed": 2}, {"services": 40}])
def test_a_file_of_another_catalogue_is_set_aside(path, other, capsys):
    with Sandbox(speed=0, memory=path) as first:
        first.vendor.next_id += 1_000
        id_ = order(first)
        first.set_balance(Decimal(7))
    with Sandbox(speed=0, memory=path, **other) as second:
        assert not second.vendor.orders
        assert second.vendor.balance == 100_000
        assert order(second) > id_
    assert "another seed" in capsys.readouterr().err
    assert path.with_name("sandbox.state.aside").exists()


def test_a_file_that_cannot_be_written_is_said_once(tmp_path, capsys):
    with Sandbox(speed=0, memory=tmp_path / "missing" / "state") as sandbox:
        order(sandbox)
    assert capsys.readouterr().err.count("will forget what it sold") == 1


def test_without_memory_ids_start_as_before(tmp_path):
    for _ in range(2):
        with Sandbox(speed=0) as sandbox:
            assert order(sandbox) == 23_501
    assert not list(tmp_path.iterdir())
