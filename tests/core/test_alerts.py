"""One open row a matter, and one e-mail when it begins."""

from datetime import timedelta

import pytest

from core.alerts import alert, resolve
from core.models import Alert

pytestmark = pytest.mark.django_db


def test_a_matter_raised_again_counts_up_and_mails_once(now, mailoutbox, settings, django_capture_on_commit_callbacks):
    settings.ADMINS = [("Operator", "operator@example.com")]
    with django_capture_on_commit_callbacks(execute=True):
        alert(key="k", subject="Something", detail="a", now=now)
        alert(key="k", subject="Something", detail="b", now=now + timedelta(minutes=1))
    row = Alert.objects.get()
    assert (row.times, row.detail, row.last_at) == (2, "b", now + timedelta(minutes=1))
    assert len(mailoutbox) == 1


def test_a_resolved_matter_is_raised_anew(now):
    alert(key="k", subject="Something", now=now)
    resolve(key="k", now=now)
    alert(key="k", subject="Something", now=now)
    assert Alert.objects.filter(resolved_at=None).count() == 1
    assert Alert.objects.count() == 2


def test_a_subject_of_any_length_and_kind_is_kept(now):
    alert(key="k", subject="x\n" * 500, now=now)
    assert len(Alert.objects.get().subject) == 200
