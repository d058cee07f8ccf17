"""What no shop may run with: a provider whose notices anybody could forge, a payment page that believes the payer."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.utils.module_loading import import_string
from payments.core import PAYMENT_HOST
from payments.dummy import DummyProvider


@register(Tags.security)
def signed_notices(**_: Any) -> list[CheckMessage]:
    """A Stripe provider that takes unsigned notices credits whoever writes one."""
    found: list[CheckMessage] = []
    if not settings.PAYMENT_VARIANTS:
        return found
    # A fifteenth of the shop's start, in each of its processes; only who sells by it needs it.
    from payments.stripe import StripeProviderV3

    for variant, (path, given) in settings.PAYMENT_VARIANTS.items():
        signed = given.get("secure_endpoint", True) and given.get("endpoint_secret")
        if issubclass(import_string(path), StripeProviderV3) and not signed:
            found.append(
                Error(
                    f"The payment provider “{variant}” takes notices that nobody signed.",
                    hint="Set STRIPE_WEBHOOK_SECRET, and leave secure_endpoint on.",
                    id="funds.E001",
                )
            )
    return found


@register(Tags.security, deploy=True)
def no_dummy(**_: Any) -> list[CheckMessage]:
    """On the dummy's page the payer says whether they paid."""
    return [
        Error(
            f"The payment provider “{variant}” is for trying the shop: whoever says that they paid is credited.",
            hint="Unset PAYMENT_DUMMY.",
            id="funds.E002",
        )
        for variant, (path, _given) in settings.PAYMENT_VARIANTS.items()
        if not settings.DEBUG and issubclass(import_string(path), DummyProvider)
    ]


@register(Tags.security, deploy=True)
def known_address(**_: Any) -> list[CheckMessage]:
    """Providers send customers back to an address that they are told."""
    if not settings.PAYMENT_VARIANTS or not str(PAYMENT_HOST).startswith("127.0.0.1"):
        return []
    return [
        Warning(
            f"Payment providers would send customers back to {PAYMENT_HOST}.",
            hint="Set PAYMENT_HOST to the shop's public host, such as shop.example.com.",
            id="funds.W001",
        )
    ]
