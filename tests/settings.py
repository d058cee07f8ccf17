"""The settings of the tests: the shop's own, with every value explicit and nothing of the developer's `.env`.

The database is SQLite in the run's folder, or PostgreSQL with TEST_DATABASE=postgres; TEST_DATABASE_URL (or
DATABASE_URL, when it names a PostgreSQL) and TEST_BROKER_URL (or CELERY_BROKER_URL) put servers of your own in the
place of the ones that `tests.servers` starts.
"""

import os
import re
from pathlib import Path

import environ

from tests import servers

# Set by the process that came first; what it starts (xdist's workers, the processes of a test) inherits it.
FIRST = "TEST_HOME" not in os.environ
if FIRST:
    os.environ["TEST_HOME"] = str(servers.new_home())
    os.environ["TEST_FOREIGN_DATABASE"] = os.environ.get("TEST_DATABASE_URL") or os.environ.get("DATABASE_URL", "")
    os.environ["TEST_FOREIGN_BROKER"] = os.environ.get("TEST_BROKER_URL") or os.environ.get("CELERY_BROKER_URL", "")
TEST_HOME = Path(os.environ["TEST_HOME"])

ON_POSTGRES = os.environ.get("TEST_DATABASE", "sqlite") == "postgres"
FOREIGN_DATABASE = os.environ["TEST_FOREIGN_DATABASE"]
if not FOREIGN_DATABASE.startswith(("postgres", "psql")):
    FOREIGN_DATABASE = ""
FOREIGN_BROKER = os.environ["TEST_FOREIGN_BROKER"]

# gw0 → 1, gw1 → 2, …; without xdist 0.
WORKER = int((re.findall(r"\d+", os.environ.get("PYTEST_XDIST_WORKER", "")) or ["-1"])[0]) + 1
if WORKER >= servers.VALKEY_DATABASES:
    raise RuntimeError(f"at most {servers.VALKEY_DATABASES - 1} test processes: each has a Valkey database of its own")

if not os.environ.get("TEST_HOUSE"):  # a process that a test started was told everything already
    for name in [
        *(
            "FUNDS_HELP",
            "SHOP_URL",
            "SHOP_NAME",
            "SHOP_ACCENT",
            "SHOP_LOGO",
            "SECOND_CURRENCY",
            "CSRF_TRUSTED_ORIGINS",
            "PORT",
            "BEHIND_PROXY",
            "EMAIL_URL",
        ),
        *("OPERATOR_EMAILS", "DEFAULT_FROM_EMAIL", "TIME_ZONE", "ACCOUNT_EMAIL_VERIFICATION", "SANDBOX_PORT"),
        *(
            name
            for name in os.environ
            if name.startswith(
                (
                    "UPSTREAM_",
                    "RECONCILE_",
                    "API_",
                    "WEBHOOK_",
                    "STRIPE_",
                    "BTCPAY_",
                    "PAYMENT_",
                    "REFERRAL_",
                    "LIMIT_",
                    "SMS_SUCCESS_",
                )
            )
        ),
        *("LOG_LEVEL", "LOG_FORMAT", "METRICS_TOKEN", "SENTRY_DSN", "SENTRY_ENVIRONMENT", "RELEASE"),
        *("ALERT_HOOK_URL", "EMAIL_DELIVERY_BACKEND", "BELOW_COST", "GOODS_KEPT_DAYS", "SIGNUP"),
    ]:
        os.environ.pop(name, None)
    os.environ |= {
        "DEBUG": "0",
        "HTTPS": "0",
        # Most tests of the admin are about something else.
        "STAFF_NEEDS_TWO_FACTORS": "0",
        "SECRET_KEY": "only-for-the-tests",
        "FIELD_ENCRYPTION_KEYS": "dGVzdC1rZXktdGVzdC1rZXktdGVzdC1rZXktdGVzdC0=",
        "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
        "DATABASE_URL": (
            (FOREIGN_DATABASE or servers.postgres_url(TEST_HOME))
            if ON_POSTGRES
            else f"sqlite:///{TEST_HOME / 'shop.sqlite3'}"
        ),
        "CELERY_BROKER_URL": FOREIGN_BROKER or servers.valkey_url(TEST_HOME, WORKER),
        # Nobody listens there: a test that talks to the vendor asks for the fixture `sandbox`.
        "UPSTREAM_URL": "http://127.0.0.1:9/api/v2",
        "UPSTREAM_KEY": "test-key",
        "UPSTREAM_MAX_PER_SECOND": "1000",
        "EMAIL_URL": "memorymail://",
    }

environ.Env.read_env = lambda *_args, **_kwargs: None  # type: ignore[method-assign]

from reseller.settings import *  # noqa: E402, F403
from reseller.settings import CELERY_BROKER_TRANSPORT_OPTIONS, DATABASES, STORAGES  # noqa: E402

if FOREIGN_BROKER:
    # Somebody else's broker: our keys apart from theirs, and each process's apart from the others'.
    CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] = f"{TEST_HOME.name}-{WORKER}-"
if not ON_POSTGRES:
    # A file, so that threads and processes contend for it as they do in a shop; it need not outlive a crash.
    DATABASES["default"]["TEST"] = {"NAME": str(TEST_HOME / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
if os.environ.get("TEST_TEMPLATE"):  # tests/template.py makes it
    DATABASES["default"]["NAME"] = os.environ["TEST_TEMPLATE"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
