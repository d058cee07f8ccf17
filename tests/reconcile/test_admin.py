"""Findings in the admin: read by those who may, closed with a reason by those who may more."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from core.alerts import alert
from reconcile.matters import Matter, keep
from reconcile.models import Finding, Run

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert('x')</script>"


def client(user):
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def desk(operator):
    return client(operator)


@pytest.fixture
def reader(db):
    user = User.objects.create_user("reader@example.com", "a long enough passphrase", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_finding"))
    return client(user)


@pytest.fixture
def finding(now):
    keep(
        [
            Matter(
                kind=Finding.Kind.SILENT,
                key="order:17:silent",
                subject=f"Silent {HOSTILE}",
                detail=HOSTILE,
                figures={"On hold": "12.50", HOSTILE: HOSTILE},
                amount=Decimal("12.50"),
            )
        ],
        kinds=[],
        now=now,
    )
    return Finding.objects.get()


@pytest.fixture
def credit(now):
    matter = Matter(kind=Finding.Kind.CREDIT, key="balance:credit", subject="Higher", amount=Decimal(100))
    keep([matter], kinds=[], now=now)
    return Finding.objects.get()


def page(name, *args):
    return reverse(f"admin:reconcile_{name}", args=args)


def test_the_list_shows_open_findings_and_can_be_asked_for_closed_ones(desk, finding, operator, now):
    from reconcile.matters import close

    assert "$12.50" in desk.get(page("finding_changelist")).content.decode()
    close(finding_id=finding.pk, operator=operator, reason="done", now=now)
    assert "$12.50" not in desk.get(page("finding_changelist")).content.decode()
    for query in ("state=closed", "state=all", "state=all&kind__exact=SILENT", "state=all&q=17"):
        assert "$12.50" in desk.get(f"{page('finding_changelist')}?{query}").content.decode(), query
    assert "$12.50" not in desk.get(f"{page('finding_changelist')}?state=all&kind__exact=LOSS").content.decode()


def test_a_finding_s_page_shows_its_figures_and_hostile_text_as_text(desk, finding):
    shown = desk.get(page("finding_change", finding.pk)).content.decode()
    assert "On hold" in shown
    assert "12.50" in shown
    assert HOSTILE not in shown


def test_a_finding_is_closed_with_a_reason(desk, finding, operator):
    address = page("finding_close", finding.pk)
    assert HOSTILE not in desk.get(address).content.decode()
    assert "Say why" in desk.post(address, {"reason": ""}).content.decode()
    desk.post(address, {"reason": "asked the vendor"})
    finding.refresh_from_db()
    assert (finding.closed_by, finding.note) == (operator, "asked the vendor")
    assert desk.get(address).status_code == 302


def test_a_credit_is_closed_with_the_amount_that_was_topped_up(desk, credit):
    assert desk.get(page("finding_close", credit.pk)).status_code == 302
    address = page("finding_explain", credit.pk)
    assert 'value="100.00"' in desk.get(address).content.decode()
    for amount in ("", "0", "-1", "ten"):
        desk.post(address, {"explained": amount, "reason": "top-up", "confirmed": "1"})
        credit.refresh_from_db()
        assert credit.closed_at is None
    given = {"explained": "105", "reason": "top-up"}
    assert "−$5.00" in desk.post(address, given).content.decode()
    desk.post(address, {**given, "confirmed": "1"})
    credit.refresh_from_db()
    assert credit.explained == Decimal(105)


def test_a_loss_is_explained_downwards(desk, now):
    keep([Matter(kind="LOSS", key="balance:loss", subject="Less", amount=Decimal(3))], kinds=[], now=now)
    loss = Finding.objects.get()
    desk.post(page("finding_explain", loss.pk), {"explained": "3", "reason": "a fee", "confirmed": "1"})
    loss.refresh_from_db()
    assert loss.explained == Decimal(-3)


def test_who_may_only_read_can_not_close(reader, finding):
    assert reader.get(page("finding_change", finding.pk)).status_code == 200
    assert "Close it" not in reader.get(page("finding_change", finding.pk)).content.decode()
    assert reader.get(page("finding_close", finding.pk)).status_code == 403
    assert reader.post(page("finding_close", finding.pk), {"reason": "x"}).status_code == 403
    assert reader.get(page("run_changelist")).status_code == 403


def test_findings_and_runs_are_not_written_by_hand(desk, finding, sandbox, run):
    run()
    row = Run.objects.get()
    for name, pk in (("finding", finding.pk), ("run", row.pk)):
        assert desk.get(page(f"{name}_add")).status_code == 403
        assert desk.post(page(f"{name}_change", pk), {}).status_code == 403
        assert desk.post(page(f"{name}_delete", pk), {"post": "yes"}).status_code == 403
        assert desk.get(page(f"{name}_change", pk)).status_code == 200
        assert desk.get(page(f"{name}_changelist")).status_code == 200


def test_an_alert_s_page_says_what_the_hook_knows(desk, now, settings):
    from core.models import Alert

    settings.ALERT_HOOK_URL = "http://127.0.0.1:9/"
    alert(key="k", subject="Something", now=now)
    address = reverse("admin:core_alert_change", args=[Alert.objects.get().pk])
    assert "Not yet" in desk.get(address).content.decode()
    Alert.objects.update(hook_error="HTTP 500", hook_tries=3)
    assert "HTTP 500, 3 tries" in desk.get(address).content.decode()
