"""A wrong setting of the reconciliation is named, and nothing starts."""

import pytest

from tests.reseller.test_settings import check


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECONCILE_TOLERANCE", "-1"),
        ("RECONCILE_TOLERANCE", "NaN"),
        ("RECONCILE_SILENT_DAYS", "0"),
        ("RECONCILE_WAITING_HOURS", "soon"),
        ("ALERT_HOOK_URL", "hooks.example.com"),
    ],
)
def test_a_wrong_setting_is_named(name, value):
    done = check(**{name: value})
    assert done.returncode != 0
    assert name in done.stderr
    assert "Traceback" not in done.stderr
