"""The first page of the admin says how old the copies of the vendor's lists are."""

from datetime import timedelta

import pytest

import catalog.sync
import sms.sync
from reseller.dashboard_health import signs
from tests.still import sandbox

__all__ = ["sandbox"]
TITLES = {catalog.sync.KIND: "Catalogue", sms.sync.KIND: "Countries and sites"}


def told(now):
    return {sign.title: sign for sign in signs(now=now)}


@pytest.mark.django_db
def test_copies_that_were_never_made_are_told(broker, now):
    assert all(not told(now)[title].well for title in TITLES.values())


@pytest.mark.django_db
def test_copies_that_were_made_are_well_until_they_are_old(sandbox, now):
    catalog.sync.sync_catalog()
    sms.sync.sync_sms()
    for title in TITLES.values():
        assert told(now)[title].well, told(now)[title]
        assert told(now)[title].text.startswith("Synced")
        assert not told(now + timedelta(hours=1))[title].well
