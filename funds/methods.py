"""Which ways to pay customers are offered."""

from django.conf import settings

from funds.models import Bonus, Method
from funds.providers import is_set_up

_NAMES = {
    Method.Provider.STRIPE: ("Card", "银行卡"),
    Method.Provider.BTCPAY: ("Cryptocurrency", "加密货币"),
    Method.Provider.DUMMY: ("Test payment", "测试付款"),
}


def offered() -> list[Method]:
    """The active methods whose provider is set up, in their order.

    A provider that was set up and has no row yet gets one with the model's defaults, so that keys in the environment
    are enough.
    """
    rows = list(Method.objects.all())
    known = {row.provider for row in rows}
    for provider, (name, name_zh) in _NAMES.items():
        if provider in settings.PAYMENT_VARIANTS and provider not in known:
            row, _made = Method.objects.get_or_create(provider=provider, defaults={"name": name, "name_zh": name_zh})
            rows.append(row)
    return [row for row in rows if row.active and is_set_up(row.provider)]


def steps() -> list[Bonus]:
    """The bonuses in force, the smallest amount first."""
    return list(Bonus.objects.filter(active=True))
