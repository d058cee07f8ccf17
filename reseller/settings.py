"""Every setting of the shop, read from the environment in one place.

Order: the process's environment, then `.env`, then (only while DEBUG is not switched off) the embedded
defaults in `var/local.env`. With DEBUG off, whatever is missing is named and nothing starts.
"""

import base64
import hashlib
import os
import re
import tomllib
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import environ
from babel.numbers import is_currency
from cryptography.fernet import Fernet
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy

from reseller import local

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = local.VAR

env = environ.Env()
env.read_env(BASE_DIR / ".env")
# What somebody set, as against what falls back to a part embedded in this checkout.
EMBEDDED_UPSTREAM = "UPSTREAM_URL" not in os.environ
EMBEDDED_BROKER = "CELERY_BROKER_URL" not in os.environ
if env.bool("DEBUG", default=True):
    env.read_env(local.FILE)
DEBUG = env.bool("DEBUG", default=False)

Number = TypeVar("Number", int, float, Decimal)


def number(name: str, kind: type[Number], default: Number) -> Number:
    """A setting that is a number; one that can't be read is named."""
    text = os.environ.get(name, "").strip()
    try:
        return kind(text) if text else default
    except (ValueError, InvalidOperation):
        raise ImproperlyConfigured(f"{name} must be a number, and is {text!r}.") from None


# What the addresses of customers' pages begin with.
TAKEN_PATHS = {
    *("account", "accounts", "api", "currency", "healthz", "help", "i18n", "metrics", "notices", "numbers", "orders"),
    *("payments", "r", "readyz", "search", "services", "static", "stubs", "terms", "wallet"),
}

# ── What a live shop must say ──────────────────────────────────────────────────────────────────────
REQUIRED = [
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "DATABASE_URL",
    "CELERY_BROKER_URL",
    "UPSTREAM_URL",
    "UPSTREAM_KEY",
    "FIELD_ENCRYPTION_KEYS",
]
if not DEBUG:
    missing = [name for name in REQUIRED if not os.environ.get(name, "").strip()]
    if missing:
        raise ImproperlyConfigured(
            f"DEBUG is off and these settings are missing: {', '.join(missing)}. Set them in the environment "
            "or in .env; to try the shop on this machine instead, run `make run`."
        )

SECRET_KEY = env("SECRET_KEY", default="only-for-debug")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"] if DEBUG else [])
# `https://` origins whose forms we take; needed behind a proxy that speaks TLS for us.
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PORT = number("PORT", int, 8000)
# Where operators find the admin, so that it is not where every robot looks for one.
ADMIN_PATH = env("ADMIN_PATH", default="admin").strip("/")
if not re.fullmatch(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*", ADMIN_PATH) or ADMIN_PATH.split("/")[0] in TAKEN_PATHS:
    raise ImproperlyConfigured(
        "ADMIN_PATH must be a path of letters, digits, - and _ that the shop has no pages below, such as back-office."
    )
SHOP_NAME = env("SHOP_NAME", default="Fairstock")
SHOP_ACCENT = env("SHOP_ACCENT", default="")
SHOP_LOGO = env("SHOP_LOGO", default="")
# ISO 4217 code of a currency to show beside US dollars, at the rate that stands in the admin; none: dollars alone.
SECOND_CURRENCY = env("SECOND_CURRENCY", default="").strip().upper()
if SECOND_CURRENCY == "USD" or (SECOND_CURRENCY and not is_currency(SECOND_CURRENCY)):
    raise ImproperlyConfigured("SECOND_CURRENCY must be the ISO 4217 code of a currency other than USD, such as EUR.")
# How customers get credit, in the operator's words; shown in the wallet as plain text.
FUNDS_HELP = env("FUNDS_HELP", default="")

# A list, newest first; each a Fernet key: 32 bytes in URL-safe base64.
# With DEBUG and nothing set, one made from SECRET_KEY.
FIELD_ENCRYPTION_KEYS = env.list(
    "FIELD_ENCRYPTION_KEYS",
    default=[base64.urlsafe_b64encode(hashlib.sha256(SECRET_KEY.encode()).digest()).decode()],
)
for position, key in enumerate(FIELD_ENCRYPTION_KEYS, 1):
    try:
        Fernet(key)
    except ValueError:
        raise ImproperlyConfigured(
            f"FIELD_ENCRYPTION_KEYS: key {position} is not a Fernet key (32 bytes in URL-safe base64). Make one with: "
            'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
        ) from None

# ── The vendor ─────────────────────────────────────────────────────────────────────────────────────
SANDBOX_PORT = number("SANDBOX_PORT", int, 8790)
UPSTREAM_URL = env("UPSTREAM_URL", default=f"http://127.0.0.1:{SANDBOX_PORT}/api/v2")
UPSTREAM_KEY = env("UPSTREAM_KEY", default="sandbox-key")
# Seconds to wait for an answer. After it a purchase counts as possibly made (docs/upstream.md, ruling 3).
UPSTREAM_TIMEOUT = number("UPSTREAM_TIMEOUT", float, 20.0)
# How many units one `rate` buys (docs/upstream.md, ruling 2).
UPSTREAM_RATE_UNIT_SMM = number("UPSTREAM_RATE_UNIT_SMM", int, 1000)
UPSTREAM_RATE_UNIT_PRODUCT = number("UPSTREAM_RATE_UNIT_PRODUCT", int, 1)
# `reference`, or the operator's own e-mail address: what goes out as `link` of a product order (ruling 9).
UPSTREAM_PRODUCT_LINK = env("UPSTREAM_PRODUCT_LINK", default="reference")
# The budget that all workers share.
UPSTREAM_MAX_PER_SECOND = number("UPSTREAM_MAX_PER_SECOND", float, 20.0)
UPSTREAM_MAX_CONCURRENCY = number("UPSTREAM_MAX_CONCURRENCY", int, 8)
# Minutes that calls to the vendor may be paused before the operators are told.
UPSTREAM_PAUSE_ALERT_MINUTES = number("UPSTREAM_PAUSE_ALERT_MINUTES", float, 5.0)
# A purchase whose cost rose while it waited, so that it would be sold below cost plus the minimum margin:
# `hold` it for an operator, `refuse` it and give the money back, or `send` it all the same.
BELOW_COST = env("BELOW_COST", default="hold")
# USD below which the operators are warned about their balance with the vendor.
UPSTREAM_LOW_BALANCE = number("UPSTREAM_LOW_BALANCE", Decimal, Decimal(20))
# How long (seconds) after a purchase that was not answered the vendor may still act on it; and whether one that
# its balance then proves not charged goes out again by itself.
UPSTREAM_EVIDENCE_WAIT = number("UPSTREAM_EVIDENCE_WAIT", float, 300.0)
UPSTREAM_EVIDENCE_ACTS = env.bool("UPSTREAM_EVIDENCE_ACTS", default=True)
# Seconds a number waits for its code where the vendor does not say until when (ruling 7).
SMS_WAIT_SECONDS = number("SMS_WAIT_SECONDS", int, 1200)

# Days after the end of an order or a number that delivered items, codes and messages are kept; 0: for ever.
GOODS_KEPT_DAYS = number("GOODS_KEPT_DAYS", int, 0)
# What becomes of services that the vendor adds: `show` them at once, or `hold` them until an operator has looked. A
# category may say otherwise.
NEW_SERVICES = env("NEW_SERVICES", default="show")
# ── Limits of a customer: 0 is none; a customer's page in the admin can set others for them ────────
LIMIT_SPEND_A_DAY = number("LIMIT_SPEND_A_DAY", Decimal, Decimal(0))
LIMIT_ACTIVE_NUMBERS = number("LIMIT_ACTIVE_NUMBERS", int, 0)
LIMIT_PURCHASES_A_MINUTE = number("LIMIT_PURCHASES_A_MINUTE", int, 0)
# An alert when of a customer's numbers of so many days, at least so many, fewer than so many per cent got a code.
SMS_SUCCESS_DAYS = number("SMS_SUCCESS_DAYS", int, 7)
SMS_SUCCESS_FROM = number("SMS_SUCCESS_FROM", int, 50)
SMS_SUCCESS_BELOW = number("SMS_SUCCESS_BELOW", int, 10)

for name, good, rule in [
    ("LIMIT_SPEND_A_DAY", LIMIT_SPEND_A_DAY.is_finite() and LIMIT_SPEND_A_DAY >= 0, "USD, 0 (none) or more"),
    ("LIMIT_ACTIVE_NUMBERS", LIMIT_ACTIVE_NUMBERS >= 0, "a whole number from 0 (none)"),
    ("LIMIT_PURCHASES_A_MINUTE", LIMIT_PURCHASES_A_MINUTE >= 0, "a whole number from 0 (none)"),
    ("SMS_SUCCESS_DAYS", 1 <= SMS_SUCCESS_DAYS <= 90, "days, from 1 to 90"),
    ("SMS_SUCCESS_FROM", SMS_SUCCESS_FROM >= 1, "a whole number from 1"),
    ("SMS_SUCCESS_BELOW", 0 <= SMS_SUCCESS_BELOW <= 100, "per cent, from 0 (no alert) to 100"),
]:
    if not good:
        raise ImproperlyConfigured(f"{name} must be {rule}.")

# ── Referrals ──────────────────────────────────────────────────────────────────────────────────────
# Per cent of what referred customers paid that goes to whoever referred them, to spend in the shop; 0: switched off.
REFERRAL_PERCENT = number("REFERRAL_PERCENT", Decimal, Decimal(0))
# Days after a purchase ended before its share is credited, so that most refunds come first.
REFERRAL_DELAY_DAYS = number("REFERRAL_DELAY_DAYS", int, 14)

for name, good, rule in [
    ("REFERRAL_PERCENT", REFERRAL_PERCENT.is_finite() and 0 <= REFERRAL_PERCENT <= 100, "per cent, from 0 to 100"),
    ("REFERRAL_DELAY_DAYS", 1 <= REFERRAL_DELAY_DAYS <= 365, "days, from 1 to 365"),
]:
    if not good:
        raise ImproperlyConfigured(f"{name} must be {rule}.")

# ── The customers' API ─────────────────────────────────────────────────────────────────────────────
# Requests that one key may make in a minute.
API_PER_MINUTE = number("API_PER_MINUTE", int, 600)
# Some clients put the key into the address, where it ends up in logs.
API_ALLOW_GET = env.bool("API_ALLOW_GET", default=False)
# Seconds that `add_sms` waits for its numbers; less than a client waits for its answer.
API_NUMBERS_WAIT = number("API_NUMBERS_WAIT", float, 15.0)
# Bots of the sms-activate protocol: the very same request again within so many seconds is the same purchase; 0: never.
API_HANDLER_REPEAT_SECONDS = number("API_HANDLER_REPEAT_SECONDS", float, 0.0)
# Whether customers' webhooks may lead into private networks, and by plain http: for tests on one machine alone.
WEBHOOK_ALLOW_PRIVATE = env.bool("WEBHOOK_ALLOW_PRIVATE", default=False)
# How many proxies of ours stand before the shop, each adding to X-Forwarded-For; 0: nobody is to be believed.
TRUSTED_PROXIES = ALLAUTH_TRUSTED_PROXY_COUNT = number("TRUSTED_PROXIES", int, 0)

for name, good, rule in [
    ("UPSTREAM_TIMEOUT", 0 < UPSTREAM_TIMEOUT <= 300, "seconds, more than 0 and at most 300"),
    ("UPSTREAM_RATE_UNIT_SMM", UPSTREAM_RATE_UNIT_SMM >= 1, "a whole number from 1"),
    ("UPSTREAM_RATE_UNIT_PRODUCT", UPSTREAM_RATE_UNIT_PRODUCT >= 1, "a whole number from 1"),
    (
        "UPSTREAM_PRODUCT_LINK",
        UPSTREAM_PRODUCT_LINK == "reference" or "@" in UPSTREAM_PRODUCT_LINK,
        "`reference`, or your own e-mail address",
    ),
    ("UPSTREAM_EVIDENCE_WAIT", UPSTREAM_EVIDENCE_WAIT >= 0, "seconds, 0 or more"),
    ("UPSTREAM_MAX_PER_SECOND", UPSTREAM_MAX_PER_SECOND > 0, "more than 0"),
    ("BELOW_COST", BELOW_COST in ("hold", "refuse", "send"), "hold, refuse or send"),
    ("NEW_SERVICES", NEW_SERVICES in ("show", "hold"), "show or hold"),
    ("UPSTREAM_PAUSE_ALERT_MINUTES", UPSTREAM_PAUSE_ALERT_MINUTES >= 0, "minutes, 0 or more"),
    ("UPSTREAM_MAX_CONCURRENCY", UPSTREAM_MAX_CONCURRENCY >= 1, "a whole number from 1"),
    ("API_PER_MINUTE", API_PER_MINUTE >= 1, "a whole number from 1"),
    ("API_HANDLER_REPEAT_SECONDS", 0 <= API_HANDLER_REPEAT_SECONDS <= 3600, "seconds, from 0 to 3600"),
    ("API_NUMBERS_WAIT", 0 <= API_NUMBERS_WAIT <= 25, "seconds, from 0 to 25"),
    ("TRUSTED_PROXIES", TRUSTED_PROXIES >= 0, "a whole number from 0"),
    ("GOODS_KEPT_DAYS", 0 <= GOODS_KEPT_DAYS <= 3650, "days, from 0 (for ever) to 3650"),
    ("SMS_WAIT_SECONDS", 30 <= SMS_WAIT_SECONDS <= 86_400, "seconds, from 30 to 86400"),
    (
        "UPSTREAM_URL",
        UPSTREAM_URL.startswith(("http://", "https://")),
        "an http:// or https:// address",
    ),
]:
    if not good:
        raise ImproperlyConfigured(f"{name} must be {rule}.")

# ── Reconciliation ─────────────────────────────────────────────────────────────────────────────────
# USD by which the vendor's balance may differ from what our purchases cost before an operator hears of it.
RECONCILE_TOLERANCE = number("RECONCILE_TOLERANCE", Decimal, Decimal("0.05"))
# After so many days without news of it a running order is found, and after so many hours one that did not go out.
RECONCILE_SILENT_DAYS = number("RECONCILE_SILENT_DAYS", int, 5)
RECONCILE_WAITING_HOURS = number("RECONCILE_WAITING_HOURS", float, 2.0)
# Where each new alert is POSTed as JSON; none: alerts are rows and e-mails.
ALERT_HOOK_URL = env("ALERT_HOOK_URL", default="")

for name, good, rule in [
    ("RECONCILE_TOLERANCE", RECONCILE_TOLERANCE.is_finite() and RECONCILE_TOLERANCE >= 0, "USD, 0 or more"),
    ("RECONCILE_SILENT_DAYS", 1 <= RECONCILE_SILENT_DAYS <= 365, "days, from 1 to 365"),
    ("RECONCILE_WAITING_HOURS", 0 < RECONCILE_WAITING_HOURS <= 1000, "hours, more than 0 and at most 1000"),
    (
        "ALERT_HOOK_URL",
        not ALERT_HOOK_URL or ALERT_HOOK_URL.startswith(("http://", "https://")),
        "an http:// or https:// address",
    ),
]:
    if not good:
        raise ImproperlyConfigured(f"{name} must be {rule}.")

# ── Money in (docs/payments.md) ────────────────────────────────────────────────────────────────────
STRIPE_SECRET_KEY = env("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_BASE = env("STRIPE_API_BASE", default="https://api.stripe.com").rstrip("/")
# Where Stripe shows its payment page; another one with a domain of your own there.
STRIPE_CHECKOUT = env("STRIPE_CHECKOUT", default="https://checkout.stripe.com").rstrip("/")
BTCPAY_URL = env("BTCPAY_URL", default="").rstrip("/")
BTCPAY_STORE = env("BTCPAY_STORE", default="")
BTCPAY_API_KEY = env("BTCPAY_API_KEY", default="")
BTCPAY_WEBHOOK_SECRET = env("BTCPAY_WEBHOOK_SECRET", default="")
# A payment page on which whoever tries the shop decides whether they paid.
PAYMENT_DUMMY = env.bool("PAYMENT_DUMMY", default=DEBUG)

for name, given in [
    ("STRIPE", {"SECRET_KEY": STRIPE_SECRET_KEY, "WEBHOOK_SECRET": STRIPE_WEBHOOK_SECRET}),
    (
        "BTCPAY",
        {
            "URL": BTCPAY_URL,
            "STORE": BTCPAY_STORE,
            "API_KEY": BTCPAY_API_KEY,
            "WEBHOOK_SECRET": BTCPAY_WEBHOOK_SECRET,
        },
    ),
]:
    lacking = [f"{name}_{part}" for part, value in given.items() if not value]
    if lacking and len(lacking) < len(given):
        raise ImproperlyConfigured(f"{', '.join(lacking)} must be set as well: without it no payment can be believed.")
for name, address in [
    ("STRIPE_API_BASE", STRIPE_API_BASE),
    ("STRIPE_CHECKOUT", STRIPE_CHECKOUT),
    ("BTCPAY_URL", BTCPAY_URL),
]:
    if address and not (address.startswith(("http://", "https://")) and urlsplit(address).netloc):
        raise ImproperlyConfigured(f"{name} must be an http:// or https:// address.")

# django-payments: which providers there are, under the names in the addresses of their notices.
PAYMENT_MODEL = "funds.TopUp"
PAYMENT_VARIANTS: dict[str, tuple[str, dict[str, object]]] = {}
# Where forms may lead to, besides the shop itself: a form that is answered with a redirect goes there, too.
PAYMENT_PAGES: list[str] = []
if STRIPE_SECRET_KEY:
    PAYMENT_VARIANTS["stripe"] = (
        "funds.stripe_checkout.Stripe",
        {
            "api_key": STRIPE_SECRET_KEY,
            "endpoint_secret": STRIPE_WEBHOOK_SECRET,
            "secure_endpoint": True,
            "api_base": STRIPE_API_BASE,
        },
    )
    PAYMENT_PAGES.append(STRIPE_CHECKOUT)
if BTCPAY_URL:
    PAYMENT_VARIANTS["btcpay"] = (
        "funds.btcpay.BTCPay",
        {"url": BTCPAY_URL, "store": BTCPAY_STORE, "api_key": BTCPAY_API_KEY, "secret": BTCPAY_WEBHOOK_SECRET},
    )
    PAYMENT_PAGES.append("{0.scheme}://{0.netloc}".format(urlsplit(BTCPAY_URL)))
if PAYMENT_DUMMY:
    PAYMENT_VARIANTS["dummy"] = ("payments.dummy.DummyProvider", {})
# The shop's own address, to which providers send customers back.
PAYMENT_HOST = env(
    "PAYMENT_HOST", default=next((host for host in ALLOWED_HOSTS if host[:1] not in "*."), f"127.0.0.1:{PORT}")
)

# ── Database ───────────────────────────────────────────────────────────────────────────────────────
# PostgreSQL keeps the plans of what it is asked again and again; off behind a PgBouncer before 1.21 that pools
# transactions, which mixes them up.
DATABASE_PREPARE = env.bool("DATABASE_PREPARE", default=True)
try:
    DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR / 'shop.sqlite3'}")}
except ValueError:
    DATABASES = {"default": {}}
if not DATABASES["default"].get("ENGINE", "").endswith(("sqlite3", "postgresql")):
    raise ImproperlyConfigured("DATABASE_URL must begin with sqlite:/// or postgres://.")
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE takes the write lock at BEGIN, so a transaction waits its turn instead of failing half-way.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["ENGINE"] = "core.postgres"
    DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
    DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)
    _options = DATABASES["default"].setdefault("OPTIONS", {})
    # A server that is silent must not hold a page, or /readyz, for minutes.
    _options.setdefault("connect_timeout", 2)
    if DATABASE_PREPARE:
        # Planning took PostgreSQL several times as long as answering.
        _options.setdefault("server_side_binding", True)
        _options.setdefault("prepare_threshold", 3)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# In the database: log-in rate limits hold for every process, and losing the broker loses none of them.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        # When it is full some entries are thrown out, limits among them: with Django's 300 a few strangers fill it.
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
}

# ── Celery: a purchase's truth is its row; the broker only makes things quick ──────────────────────
_embedded_broker, _embedded_options = local.broker()
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default=_embedded_broker)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = (
    _embedded_options
    if EMBEDDED_BROKER
    else {"socket_connect_timeout": 2, "socket_timeout": 10, "socket_keepalive": True}
)
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = "UTC"

# ── Applications ───────────────────────────────────────────────────────────────────────────────────
INSTALLED_APPS = [
    "reseller.apps.ResellerConfig",
    "core",
    "accounts",
    "upstream",
    "notices",
    "conduct",
    "wallet",
    "funds",
    "catalog",
    "storefront",
    "orders",
    "sms",
    "desk",
    "books",
    "reconcile",
    "api",
    "privacy",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "reseller.site.Config",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "heroicons",
    "csp",
]
MIDDLEWARE = [
    "reseller.health.probe",
    "reseller.observe.requests.requests",
    "django.middleware.security.SecurityMiddleware",
    "reseller.whole.whole_forms",
    "reseller.lane.api_lane",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "reseller.policy.admin_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "reseller.too_large.too_large",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.preferences",
    "accounts.middleware.last_seen",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.sign_in_as.middleware",
    "storefront.middleware.back_in_stock",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.second_factor",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "reseller.urls"
WSGI_APPLICATION = "reseller.wsgi.application"
APPEND_SLASH = True
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "reseller.context.shop",
                "reseller.context.header",
            ],
            "builtins": ["core.templatetags.shop", "heroicons.templatetags.heroicons"],
        },
    }
]

# ── People ─────────────────────────────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backend.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in [
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    ]
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "catalog:list"
LOGOUT_REDIRECT_URL = "front"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = env("ACCOUNT_EMAIL_VERIFICATION", default="optional")
ACCOUNT_EMAIL_SUBJECT_PREFIX = f"[{SHOP_NAME}] "
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
HTTPS = PAYMENT_USES_SSL = env.bool("HTTPS", default=not DEBUG)
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_ADAPTER = "accounts.adapter.Adapter"
ACCOUNT_FORMS = {"signup": "accounts.signup.SignupForm"}
ACCOUNT_EMAIL_NOTIFICATIONS = True
# What changes who can use an account asks for the password, or a second factor, once more (good for five minutes).
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# Who tries too often gets the page 429. By IP address, wide enough for an office behind one; by the address that is
# tried, narrow. They are counted in the cache, which is a table.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "20/h/ip",
    "reset_password": "20/h/ip,5/h/key",  # nosec B105 - a limit, no password
    "reset_password_from_key": "20/m/ip",  # nosec B105 - a limit, no password
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",  # nosec B105 - a limit, no password
    "manage_email": "10/m/user",
}
# open: anybody may sign up; invited: with an invitation of the admin's; closed: nobody.
SIGNUP = env("SIGNUP", default="open")
if SIGNUP not in ("open", "invited", "closed"):
    raise ImproperlyConfigured("SIGNUP must be open, invited or closed.")
# Two factors: codes of an app, passkeys (which can stand for the whole log-in), and codes for the day both are lost.
MFA_ADAPTER = "accounts.second_factor.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "add_webauthn": "accounts.second_factor_forms.AddPasskeyForm",
    "edit_webauthn": "accounts.second_factor_forms.RenamePasskeyForm",
    "authenticate": "accounts.second_factor_forms.CodeForm",
    "reauthenticate": "accounts.second_factor_forms.CodeAgainForm",
    "authenticate_webauthn": "accounts.second_factor_forms.PasskeyForm",
    "reauthenticate_webauthn": "accounts.second_factor_forms.PasskeyAgainForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = SHOP_NAME
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODE_COUNT = 10
# Whether operators must have a second factor before the admin opens.
STAFF_NEEDS_TWO_FACTORS = env.bool("STAFF_NEEDS_TWO_FACTORS", default=not DEBUG)

# Where customers reach the shop: what links in e-mails begin with; else the first of ALLOWED_HOSTS that is a name.
_names = [host for host in ALLOWED_HOSTS if not host.startswith(("*", "."))]
SHOP_URL = env(
    "SHOP_URL", default=f"{ACCOUNT_DEFAULT_HTTP_PROTOCOL}://{_names[0]}" if _names else f"http://127.0.0.1:{PORT}"
).rstrip("/")
if not SHOP_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured("SHOP_URL must be an http:// or https:// address.")

# ── E-mail ─────────────────────────────────────────────────────────────────────────────────────────
EMAIL_CONFIG = env.email("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
# What EMAIL_URL asks for, behind a backend that keeps a row of each e-mail that could not be sent.
EMAIL_DELIVERY_BACKEND = EMAIL_CONFIG["EMAIL_BACKEND"]
EMAIL_BACKEND = "core.mail.Backend"
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default=f"{SHOP_NAME} <shop@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_SUBJECT_PREFIX = f"[{SHOP_NAME}] "
EMAIL_TIMEOUT = 10
# Who gets the alerts.
ADMINS = [("Operator", address) for address in env.list("OPERATOR_EMAILS", default=[])]

# ── Languages, time ────────────────────────────────────────────────────────────────────────────────
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = env("TIME_ZONE", default="UTC")

# ── Static files ───────────────────────────────────────────────────────────────────────────────────
STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# ── Safety ─────────────────────────────────────────────────────────────────────────────────────────
CONTENT_SECURITY_POLICY = {
    # The admin's pages get a policy of their own: reseller/policy.py.
    "EXCLUDE_URL_PREFIXES": [f"/{ADMIN_PATH}/"],
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF, *PAYMENT_PAGES],
        "frame-ancestors": [NONE],
    },
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_ENGINE = "accounts.session_store"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Of a form; those that take files have limits of their own: reseller/too_large.py.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
# What is told of an error outside of the log.
DEFAULT_EXCEPTION_REPORTER = "core.hidden.Reporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "core.hidden.Filter"

# ── Observing: log lines, metrics, reports of errors (docs/observing.md) ───────────────────────────
LOG_LEVEL = env("LOG_LEVEL", default="INFO").upper()
# `text`: lines for people; `json`: an object a line, for programs.
LOG_FORMAT = env("LOG_FORMAT", default="text" if DEBUG else "json")
# What opens `/metrics` as `Authorization: Bearer …`; none: there is no such page.
METRICS_TOKEN = env("METRICS_TOKEN", default="")
# Where errors are reported to; none: nowhere.
SENTRY_DSN = env("SENTRY_DSN", default="")
SENTRY_ENVIRONMENT = env("SENTRY_ENVIRONMENT", default="trial" if DEBUG else "production")
# What the running code is called in metrics and reports.
RELEASE = env("RELEASE", default="") or tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]

for name, good, rule in [
    ("LOG_LEVEL", LOG_LEVEL in ("DEBUG", "INFO", "WARNING", "ERROR"), "DEBUG, INFO, WARNING or ERROR"),
    ("LOG_FORMAT", LOG_FORMAT in ("text", "json"), "text or json"),
    (
        "METRICS_TOKEN",
        not METRICS_TOKEN or (len(METRICS_TOKEN) >= 16 and METRICS_TOKEN.isascii() and METRICS_TOKEN.isprintable()),
        "at least 16 ASCII characters, or nothing",
    ),
    ("SENTRY_DSN", not SENTRY_DSN or SENTRY_DSN.startswith(("http://", "https://")), "an http:// or https:// address"),
]:
    if not good:
        raise ImproperlyConfigured(f"{name} must be {rule}.")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"text": {"()": "core.logs.OneLine"}, "json": {"()": "core.logs.JsonLine"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Their own handlers would print each line a second time, or in a form of their own.
        "django": {"handlers": [], "propagate": True},
        "gunicorn.error": {"handlers": [], "propagate": True},
        "gunicorn.access": {"handlers": [], "propagate": True},
        "py.warnings": {"handlers": [], "propagate": True},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "urllib3": {"level": "ERROR"},
        "stripe": {"level": "WARNING"},
    },
}


# ── Admin ──────────────────────────────────────────────────────────────────────────────────────────
UNFOLD = {
    "SITE_TITLE": SHOP_NAME,
    "SITE_HEADER": SHOP_NAME,
    "SITE_SUBHEADER": "Operators",
    "SITE_URL": reverse_lazy("front"),
    "SITE_SYMBOL": "storefront",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/favicon.svg")}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": True,
    "STYLES": [lambda request: static("admin/shop.css")],
    "DASHBOARD_CALLBACK": "reseller.dashboard.dashboard",
    "BORDER_RADIUS": "6px",
    # The shop's own blue, from light to dark.
    "COLORS": {
        "primary": {
            "50": "#f3f5fe",
            "100": "#e6eafd",
            "200": "#cbd4fa",
            "300": "#a6b5f6",
            "400": "#7d92f0",
            "500": "#5a73e6",
            "600": "#3a56d4",
            "700": "#2f48b8",
            "800": "#293d96",
            "900": "#263778",
            "950": "#1a2452",
        }
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "reseller.side_bar.navigation",
    },
}
