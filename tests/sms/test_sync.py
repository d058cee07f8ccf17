"""Copying countries and projects: guarded like the catalogue, and the vendor's odd codes understood."""

import json
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.utils import timezone, translation

from catalog.runs import SyncFailed
from core.models import Alert
from sms import phones
from sms.models import Country, MarkupRule, Project, Site
from sms.pricing import reprice
from sms.statistics import ENOUGH, refresh
from sms.suspend import suspend
from sms.sync import sync_sms


def row(project_id, *, name="Site", price="0.5"):
    return {"project_id": project_id, "name": name, "price": price, "country_id": "us", "country_title": None}


def answer(sandbox, *rows, **more):
    """Copy what the vendor lists when it lists just these."""
    sandbox.fault("answer", action="sms_projects", times=1, body=list(rows))
    return sync_sms(**more)


@pytest.mark.django_db
class TestSync:
    def test_the_first_sync_brings_countries_sites_and_projects(self, sandbox):
        run = sync_sms()
        assert run.ok
        assert run.added == Project.objects.count() == run.seen > 10
        site = Site.objects.get(projects__country__code="us", name="OpenAI / ChatGPT")
        assert site.projects.count() > 1
        assert len(set(site.projects.values_list("upstream_id", flat=True))) == site.projects.count()
        project = site.projects.first()
        assert project.price == project.cost * Decimal("1.25")

    def test_dial_codes_and_lower_case_titles_are_understood(self, sandbox):
        sync_sms()
        assert Country.objects.exclude(region="").count() == Country.objects.count() > 3
        assert not any(name.islower() for name in Country.objects.values_list("name", flat=True))

    def test_a_dial_code_names_the_country_of_an_iso_code(self, sandbox):
        sandbox.fault(
            "answer", action="sms_countries", times=1, body=[{"country_code": "+93", "country_name": "Afghanistan"}]
        )
        rows = [
            {"project_id": "p1", "name": "Site", "price": "0.5", "country_id": "af", "country_title": "whatever"},
            {
                "project_id": "p2",
                "name": "Site",
                "price": "0.5",
                "country_id": "+44",
                "country_title": "united kingdom",
            },
        ]
        sandbox.fault("answer", action="sms_projects", times=1, body=rows)
        sync_sms()
        assert dict(Country.objects.values_list("code", "name")) == {"af": "Afghanistan", "+44": "United Kingdom"}

    def test_a_second_sync_changes_nothing(self, sandbox):
        sync_sms()
        run = sync_sms()
        assert (run.added, run.changed, run.withdrawn) == (0, 0, 0)

    @pytest.mark.parametrize("body", [[], {"error": "Something"}, "<html>", [{"project_id": None}]])
    def test_a_bad_answer_changes_nothing(self, sandbox, body):
        sync_sms()
        before = list(Project.objects.order_by("pk").values())
        sandbox.fault("answer", action="sms_projects", times=1, body=body)
        with pytest.raises(SyncFailed):
            sync_sms()
        assert list(Project.objects.order_by("pk").values()) == before

    def test_losing_more_than_a_fifth_needs_an_operators_word(self, sandbox):
        sync_sms()
        rows = [
            {"project_id": p.upstream_id, "name": p.site.name, "price": str(p.cost), "country_id": p.country.code}
            for p in Project.objects.select_related("site", "country")[:5]
        ]
        sandbox.fault("answer", action="sms_projects", times=2, body=rows)
        with pytest.raises(SyncFailed, match="accept-withdrawals"):
            sync_sms()
        assert not Project.objects.filter(state="WITHDRAWN").exists()
        assert sync_sms(accept_withdrawals=True).withdrawn > 5

    def test_one_bad_row_is_skipped_and_named(self, sandbox):
        good = {"project_id": "p1", "name": "Site", "price": "0.5", "country_id": "us", "country_title": None}
        rows = [good, {**good, "project_id": "p2", "price": "free"}, {**good, "price": "0.7"}]
        sandbox.fault("answer", action="sms_projects", times=1, body=rows)
        run = sync_sms()
        assert (run.seen, run.skipped) == (1, 2)

    def test_a_name_that_is_too_long_is_skipped_and_is_no_sign_that_its_project_is_gone(self, sandbox):
        answer(sandbox, row("p1"), row("p2"))
        run = answer(sandbox, row("p1", name="ﷺ" * 30), row("p2"))
        assert (run.seen, run.skipped, run.changed, run.withdrawn) == (1, 1, 0, 0)
        project = Project.objects.get(upstream_id="p1")
        assert (project.state, project.site.name) == (Project.State.ON_SALE, "Site")

    def test_a_price_that_changed_changes_ours(self, sandbox):
        answer(sandbox, row("p1"), row("p2"))
        run = answer(sandbox, row("p1", price="0.9"), row("p2"))
        assert (run.changed, run.added, run.withdrawn) == (1, 0, 0)
        project = Project.objects.get(upstream_id="p1")
        assert (project.cost, project.price) == (Decimal("0.9"), Decimal("0.9") * Decimal("1.25"))
        assert project.changed_at > Project.objects.get(upstream_id="p2").changed_at

    @pytest.mark.parametrize("price", ["0.5", "0.9"])
    def test_what_was_withdrawn_and_is_listed_again_is_sold_again(self, sandbox, price):
        answer(sandbox, row("p1"), row("p2"))
        assert answer(sandbox, row("p2"), accept_withdrawals=True).withdrawn == 1
        assert Project.objects.get(upstream_id="p1").state == Project.State.WITHDRAWN
        run = answer(sandbox, row("p1", price=price), row("p2"))
        assert (run.changed, run.added, run.withdrawn) == (1, 0, 0)
        project = Project.objects.get(upstream_id="p1")
        assert (project.state, project.cost) == (Project.State.ON_SALE, Decimal(price))

    def test_what_an_operator_has_to_look_at_stays_off_sale(self, sandbox, now):
        answer(sandbox, row("p1"), row("p2"))
        project = Project.objects.get(upstream_id="p1")
        suspend(project_id=project.pk, why="odd", now=now)
        suspend(project_id=project.pk, why="odd again", now=now)
        assert Alert.objects.get(key=f"project:{project.pk}:cost").times == 1
        answer(sandbox, row("p2"), accept_withdrawals=True)
        answer(sandbox, row("p1", price="0.9"), row("p2"))
        project.refresh_from_db()
        assert (project.state, project.cost) == (Project.State.SUSPENDED, Decimal("0.9"))

    def test_the_narrowest_rule_wins(self, sandbox):
        sync_sms()
        project = Project.objects.first()
        MarkupRule.objects.create(country=project.country, percent=100)
        MarkupRule.objects.create(project=project, percent=200)
        assert reprice(now=timezone.now()) >= 1
        project.refresh_from_db()
        assert project.price == project.cost * 3
        other = Project.objects.filter(country=project.country).exclude(pk=project.pk).first()
        assert other.price == other.cost * 2

    def test_the_command_prints_json(self, sandbox, capsys):
        call_command("sync_sms")
        assert set(json.loads(capsys.readouterr().out)) == {
            *("seen", "added", "changed", "withdrawn", "skipped", "seconds")
        }


@pytest.mark.parametrize(
    ("code", "region"),
    [
        ("us", "US"),
        ("GB", "GB"),
        ("uk", "GB"),
        ("+93", "AF"),
        ("93", "AF"),
        ("1", "US"),
        ("zz", ""),
        ("", ""),
        ("٣", ""),
    ],
)
def test_a_country_code_leads_to_its_region(code, region):
    assert phones.region_of(code) == region


@pytest.mark.parametrize(
    ("phone", "region", "e164"),
    [
        ("+1 202 555 0143", "US", "+12025550143"),
        ("2025550143", "US", "+12025550143"),
        ("12025550143", "US", "+12025550143"),
        ("447911123456", "GB", "+447911123456"),
        ("7911123456", "GB", "+447911123456"),
        ("701234567", "AF", "+93701234567"),
        ("93701234567", "AF", "+93701234567"),
        ("hello", "US", ""),
        # Of another country than it was sold for: shown as the vendor wrote it.
        ("+447911123456", "US", ""),
        ("12025550143", "", "+12025550143"),
        ("2025550143", "", ""),
        ("", "US", ""),
        ("<b>", "", ""),
    ],
)
def test_a_phone_is_read_in_international_form(phone, region, e164):
    assert phones.e164(phone, region) == e164


def test_names_and_flags_of_countries():
    assert phones.flag("US") == "🇺🇸"
    assert phones.flag("") == ""
    with translation.override("zh-hans"):
        assert phones.country_name("US", "x") == "美国"
    with translation.override("en"):
        assert phones.country_name("US", "x") == "United States"
        assert phones.country_name("", "Atlantis") == "Atlantis"


@pytest.mark.django_db
def test_a_delivery_rate_is_told_only_with_enough_numbers(bought, sandbox, project):
    from sms import acquire
    from sms.models import Number

    for _ in range(ENOUGH // 10):
        acquire.acquire(purchase_id=bought(10).pk)
    assert refresh(now=timezone.now()) == 0
    now = timezone.now()
    Number.objects.update(state="EXPIRED", finished_at=now, received_at=now)
    from datetime import timedelta

    for number in Number.objects.all()[:15]:
        Number.objects.filter(pk=number.pk).update(state="FINISHED", first_code_at=now + timedelta(seconds=8))
    assert refresh(now=now) == 1
    project.refresh_from_db()
    assert (project.delivery_rate, project.median_seconds) == (75, 8)
