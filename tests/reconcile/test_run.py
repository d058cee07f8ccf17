"""A run: findings are opened once, closed by themselves or by an operator, and a broken check stops no other."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command

from core.models import Alert
from reconcile.matters import CantClose, Matter, close, keep
from reconcile.models import Finding, Run
from reconcile.run import CHECKS, Check, reconcile
from tests.reconcile.conftest import open_alerts, open_findings

pytestmark = pytest.mark.django_db

KIND = Finding.Kind.STUCK


def matter(key="order:1:stuck", **more):
    return Matter(kind=KIND, key=key, subject=f"About {key}", **more)


def kept(now, *matters):
    return keep(matters, kinds=[KIND], now=now)


def test_a_matter_found_again_is_counted_and_alerted_once(now):
    kept(now, matter(amount=Decimal(1)))
    kept(now + timedelta(hours=1), matter(amount=Decimal(2), figures={"Amount": "2.00"}))
    finding = Finding.objects.get()
    assert (finding.times, finding.amount, finding.figures) == (2, Decimal(2), {"Amount": "2.00"})
    assert (finding.first_at, finding.last_at) == (now, now + timedelta(hours=1))
    assert Alert.objects.get().times == 1


def test_what_is_no_longer_true_closes_itself_and_its_alert(now):
    kept(now, matter("a"), matter("b"))
    assert kept(now, matter("b")).closed == 1
    assert open_findings() == ["b"]
    assert open_alerts() == {"b"}
    kept(now, matter("a"), matter("b"))
    assert Finding.objects.filter(key="a").count() == 2


def test_findings_of_other_checks_are_left_alone(now):
    kept(now, matter())
    keep([], kinds=[Finding.Kind.MAIL], now=now)
    assert open_findings() == ["order:1:stuck"]


def test_what_an_operator_closed_rests_for_a_day_unless_its_figures_change(now, operator):
    seen = matter(figures={"On hold": "1.00"})
    kept(now, seen)
    close(finding_id=Finding.objects.get().pk, operator=operator, reason="being looked into", now=now)
    assert open_alerts() == set()
    kept(now + timedelta(hours=23), seen)
    assert open_findings() == []
    kept(now + timedelta(hours=23), matter(figures={"On hold": "2.00"}))
    assert len(open_findings()) == 1
    close(finding_id=Finding.objects.latest("pk").pk, operator=operator, reason="again", now=now)
    kept(now + timedelta(hours=25), matter(figures={"On hold": "2.00"}))
    assert len(open_findings()) == 1


def test_a_finding_is_closed_once(now, operator):
    kept(now, matter())
    finding = Finding.objects.get()
    close(finding_id=finding.pk, operator=operator, reason="done", now=now)
    with pytest.raises(CantClose):
        close(finding_id=finding.pk, operator=operator, reason="done", now=now)


def test_text_of_the_vendor_s_can_be_anything(now):
    kept(now, matter(detail="a\x00b", figures={"x\x00": "\x00"}))
    assert Finding.objects.get().detail == "ab"


def test_a_check_that_breaks_is_alerted_and_stops_no_other(now, sandbox, placed):
    placed(1)

    def broken(run, now):
        yield matter("never:kept")
        raise RuntimeError("oh")

    later = now + timedelta(hours=5)
    keep([matter("order:9:stuck")], kinds=[], now=now)
    checks = (Check("broken", [KIND], broken), *CHECKS[:2], CHECKS[2]._replace(kinds=[Finding.Kind.WAITING]))
    report = reconcile(now=later, checks=checks)
    assert report.run.broken == ["broken"]
    # What the broken check had found before stays; the others went on.
    assert [one.key.split(":")[2] for one in report.findings] == ["stuck", "waiting"]
    assert "reconcile:broken" in open_alerts()
    reconcile(now=later, checks=(Check("broken", [KIND], lambda run, now: iter(())), *CHECKS[1:]))
    assert "reconcile:broken" not in open_alerts()


def test_the_command_prints_the_findings_and_fails_while_there_are_any(sandbox, db, capsys):
    call_command("reconcile")
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["findings"], told["drift"]) == (True, [], "0.00")
    sandbox.set_balance(sandbox.vendor.balance - Decimal("2.5"))
    with pytest.raises(SystemExit) as ended:
        call_command("reconcile")
    assert ended.value.code == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["kind"], finding["amount"]) == ("LOSS", "2.50")


def test_a_run_keeps_its_figures(sandbox, run, db):
    report = run()
    row = Run.objects.get()
    assert row.finished_at is not None
    assert (row.findings, row.opened, row.broken, row.skipped) == (0, 0, [], [])
    assert row.balance == report.run.balance == Decimal(100_000)


def test_the_hour_s_task_is_in_beat_s_table_and_goes_to_its_queue():
    from reseller.celery import app

    job = app.conf.beat_schedule["reconcile"]
    assert (job["task"], job["schedule"]) == ("reconcile.tasks.reconcile", 3600)
    app.loader.import_default_modules()
    for task in ("reconcile.tasks.reconcile", "core.tasks.tell_hook"):
        assert task in app.tasks
        assert app.amqp.router.route({}, task)["queue"].name == "sync"


def test_the_task_runs_everything(sandbox, db):
    from reconcile.tasks import reconcile as task

    task()
    assert Run.objects.get().skipped == []
