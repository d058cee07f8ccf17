"""Which providers this shop is set up for, and how to reach one."""

from typing import cast

from django.conf import settings
from payments.core import provider_factory

from funds.models import Method
from funds.words import Provider

# These need no provider's word: an operator's, or the payer's own while the shop is only tried.
SILENT = {Method.Provider.TRANSFER.value, Method.Provider.DUMMY.value}


def is_set_up(variant: str) -> bool:
    """Whether customers can pay by it."""
    return variant == Method.Provider.TRANSFER or variant in settings.PAYMENT_VARIANTS


def get(variant: str) -> Provider | None:
    """The provider that speaks for `variant`; None where there is none."""
    if variant in SILENT or variant not in settings.PAYMENT_VARIANTS:
        return None
    return cast(Provider, provider_factory(variant))
