"""A live shop that lacks a setting, or has a wrong one, says which and does not start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIVE = {
    "DEBUG": "0",
    "SECRET_KEY": "x" * 60,
    "ALLOWED_HOSTS": "shop.example.com",
    "DATABASE_URL": "sqlite:///nowhere.sqlite3",
    "CELERY_BROKER_URL": "redis://127.0.0.1:9/0",
    "UPSTREAM_URL": "https://vendor.example.com/api/v2",
    "UPSTREAM_KEY": "k",
    "FIELD_ENCRYPTION_KEYS": "dGVzdC1rZXktdGVzdC1rZXktdGVzdC1rZXktdGVzdC0=",
}


def check(**changes):
    """Start a command with the settings of a live shop, some changed or (None) taken away."""
    wanted = {name: value for name, value in {**LIVE, **changes}.items() if value is not None}
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    # Empty values keep a developer's own .env out of the test.
    blank = {name: "" for name in LIVE if name not in wanted}
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        env={**kept, **blank, **wanted},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_settings_of_a_live_shop_are_enough():
    done = check()
    assert done.returncode == 0, done.stderr


def test_everything_missing_is_named_at_once():
    done = check(SECRET_KEY=None, UPSTREAM_KEY=None, FIELD_ENCRYPTION_KEYS=None)
    assert done.returncode != 0
    for name in ("SECRET_KEY", "UPSTREAM_KEY", "FIELD_ENCRYPTION_KEYS"):
        assert name in done.stderr
    assert "ALLOWED_HOSTS" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FIELD_ENCRYPTION_KEYS", "too-short"),
        ("UPSTREAM_TIMEOUT", "0"),
        ("UPSTREAM_RATE_UNIT_SMM", "0"),
        ("UPSTREAM_PRODUCT_LINK", "somebody"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("METRICS_TOKEN", "short"),
        ("SENTRY_DSN", "key@sentry.example.com/1"),
        ("UPSTREAM_URL", "vendor.example.com"),
        ("UPSTREAM_MAX_PER_SECOND", "-1"),
        ("UPSTREAM_MAX_CONCURRENCY", "many"),
        ("UPSTREAM_LOW_BALANCE", "some"),
        ("PORT", "http"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "mysql://a@b/c"),
    ],
)
def test_a_wrong_setting_is_named(name, value):
    done = check(**{name: value})
    assert done.returncode != 0
    assert name in done.stderr
    assert "Traceback" not in done.stderr
