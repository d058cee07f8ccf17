"""What such a shop is set up with: for its processes as environment, for the process that fills it as settings.

The providers' keys are made up and their addresses lead nowhere: pages show the ways to pay, nobody pays.
"""

from typing import Any

NOWHERE = "http://127.0.0.1:9"
ENVIRONMENT = {
    "SHOP_NAME": "Northwind",
    "SECOND_CURRENCY": "EUR",
    "REFERRAL_PERCENT": "5",
    "STRIPE_SECRET_KEY": "sk_test_lived_in",
    "STRIPE_WEBHOOK_SECRET": "whsec_lived_in",
    "STRIPE_API_BASE": NOWHERE,
    "STRIPE_CHECKOUT": NOWHERE,
    "BTCPAY_URL": NOWHERE,
    "BTCPAY_STORE": "store",
    "BTCPAY_API_KEY": "key",
    "BTCPAY_WEBHOOK_SECRET": "secret",
}


def fit(settings: Any) -> None:
    """The same for this process."""
    stripe = {"api_key": "sk_test_lived_in", "endpoint_secret": "whsec_lived_in", "secure_endpoint": True}
    btcpay = {"url": NOWHERE, "store": "store", "api_key": "key", "secret": "secret"}
    settings.PAYMENT_VARIANTS = {
        **settings.PAYMENT_VARIANTS,
        "stripe": ("funds.stripe_checkout.Stripe", {**stripe, "api_base": NOWHERE}),
        "btcpay": ("funds.btcpay.BTCPay", btcpay),
    }
    settings.REFERRAL_PERCENT = type(settings.REFERRAL_PERCENT)(5)
    settings.SECOND_CURRENCY = ENVIRONMENT["SECOND_CURRENCY"]
    settings.SHOP_NAME = ENVIRONMENT["SHOP_NAME"]
