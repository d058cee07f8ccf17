"""A synchronised list of projects and purchases of their numbers."""

from decimal import Decimal

import pytest
from django.utils import timezone

from sms import buy, listen
from sms.models import Country, Project, Site
from sms.sync import sync_sms
from tests.still import copied, sandbox

__all__ = ["bought", "listen_to", "projects", "rich", "sandbox"]


@pytest.fixture
def projects(db, sandbox):
    """Our copy of the vendor's projects, by the vendor's id."""
    copied("numbers", sync_sms, Country, Site, Project)
    return {project.upstream_id: project for project in Project.objects.select_related("country", "site")}


@pytest.fixture
def rich(customer, now):
    """The customer, with enough for anything."""
    from wallet import ledger

    ledger.adjust(account=ledger.account_of(customer), amount=Decimal(1000), key="rich", memo="rich", now=now)
    return customer


@pytest.fixture
def project(projects, sandbox):
    """One that can give any number of numbers."""
    return projects[sandbox.vendor.projects_that("code", country="us")[0]]


@pytest.fixture
def bought(project, rich, now):
    """`bought(quantity=…)` buys numbers and returns the purchase, not sent yet."""

    def bought(quantity=1, **more):
        wish = {"customer": rich, "project_id": project.pk, "quantity": quantity, "now": now, **more}
        return buy.numbers(**wish)

    return bought


@pytest.fixture
def listen_to():
    """`listen_to(number)` asks for its news now."""
    from upstream import following

    def listen_to(number, now=None):
        number.refresh_from_db()
        for each, answer in following.ask([number], listen._news):
            listen._take(each, answer, 1.5, now=now or timezone.now())
        number.refresh_from_db()
        return number

    return listen_to
