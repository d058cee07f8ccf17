"""Copying countries and projects: guarded like the catalogue, and the vendor's odd codes understood."""

import json
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.utils import timezone, translation

from catalog.runs import SyncFailed
from sms import phones
from sms.models import Country, MarkupRule, Project, Site
from sms.pricing import reprice
from sms.statistics import ENOUGH, refresh
from sms.sync import sync_sms


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
