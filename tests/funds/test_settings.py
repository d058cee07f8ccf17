"""What no shop starts with, and what it lets pages lead to."""

import os
import subprocess
import sys

import pytest
from django.conf import settings as now
from django.core.checks import run_checks

from funds import checks

STRIPE = {"STRIPE_SECRET_KEY": "sk_x", "STRIPE_WEBHOOK_SECRET": "whsec_x"}
BTCPAY = {
    "BTCPAY_URL": "https://pay.example.com/sub/",
    "BTCPAY_STORE": "s",
    "BTCPAY_API_KEY": "k",
    "BTCPAY_WEBHOOK_SECRET": "w",
}


def start(show, **environment):
    """What a process with these settings prints of them."""
    done = subprocess.run(
        [sys.executable, "-c", f"from django.conf import settings; print({show})"],
        env=os.environ | {"TEST_HOUSE": "1", **environment},
        cwd=now.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or done.stderr


@pytest.mark.parametrize("missing", [*STRIPE, *BTCPAY])
def test_half_a_provider_is_refused_by_the_name_of_what_is_missing(missing):
    given = {name: value for name, value in (STRIPE if missing in STRIPE else BTCPAY).items() if name != missing}
    assert f"{missing} must be set as well" in start("settings.DEBUG", **given)


def test_an_address_that_is_none_is_refused():
    assert "BTCPAY_URL must be" in start("settings.DEBUG", **{**BTCPAY, "BTCPAY_URL": "pay.example.com"})


def test_forms_lead_to_the_providers_that_are_set_up_and_nowhere_else():
    show = "settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'], sorted(settings.PAYMENT_VARIANTS)"
    assert start(show) == """["'self'"] []"""
    assert start(show, **STRIPE, **BTCPAY) == (
        """["'self'", 'https://checkout.stripe.com', 'https://pay.example.com'] ['btcpay', 'stripe']"""
    )


def test_unsigned_notices_are_refused_by_a_check(settings):
    given = {"api_key": "k", "endpoint_secret": "s", "secure_endpoint": True, "api_base": "http://x"}
    for change, found in [({}, 0), ({"secure_endpoint": False}, 1), ({"endpoint_secret": None}, 1)]:
        settings.PAYMENT_VARIANTS = {"stripe": ("funds.stripe_checkout.Stripe", {**given, **change})}
        assert len(checks.signed_notices()) == found
        assert len([one for one in run_checks() if one.id == "funds.E001"]) == found


def test_the_dummy_is_refused_in_a_live_shop(settings):
    settings.PAYMENT_VARIANTS = {"dummy": ("payments.dummy.DummyProvider", {})}
    assert [one.id for one in checks.no_dummy()] == ["funds.E002"]
    assert "funds.E002" in [one.id for one in run_checks(include_deployment_checks=True)]
    settings.DEBUG = True
    assert checks.no_dummy() == []
