"""A customer begins a top-up: the row first, then the provider's page for it."""

import logging
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from payments import RedirectNeeded

from accounts.models import User
from core.money import show
from funds import methods
from funds.models import Method, TopUp
from funds.offer import terms, whole_cents
from funds.providers import SILENT, is_set_up
from funds.words import Away

log = logging.getLogger(__name__)

# So many may be open at once; further ones would only be noise to the provider.
MOST_OPEN = 10
LASTS = {Method.Provider.TRANSFER.value: timedelta(days=7)}
_OTHERWISE = timedelta(hours=1)
_FIRST_CHECK = timedelta(minutes=1)


class CantBegin(Exception):
    """What is wrong, by field of the form; the empty name for the whole."""

    def __init__(self, errors: dict[str, str]) -> None:
        self.errors = errors
        super().__init__(" ".join(errors.values()))


def begin(*, customer: User, method_id: int, amount: Decimal, form_key: str, now: datetime) -> TopUp:
    """The top-up for `amount` USD; the same one when the form comes again. Raises `CantBegin`."""
    made = TopUp.objects.filter(form_key=form_key, customer=customer).first()
    if made is not None:
        return made
    method = next((one for one in methods.offered() if one.pk == method_id), None)
    if method is None:
        raise CantBegin({"method": _("This way to pay is not offered any more. Choose another one.")})
    if amount != whole_cents(amount):
        raise CantBegin({"amount": _("Use at most %(places)d decimals.") % {"places": 2}})
    if amount < method.minimum:
        raise CantBegin(
            {"amount": _("With this way to pay, add at least %(least)s.") % {"least": show(method.minimum)}}
        )
    if amount > method.maximum:
        raise CantBegin(
            {"amount": _("With this way to pay, add at most %(most)s at once.") % {"most": show(method.maximum)}}
        )
    agreed = terms(amount, method, methods.steps())
    with transaction.atomic():
        # Locked, so that two at once don't both find room.
        User.objects.select_for_update().get(pk=customer.pk)
        if TopUp.objects.filter(customer=customer, state=TopUp.State.OPEN, expires_at__gt=now).count() >= MOST_OPEN:
            raise CantBegin({"": _("Many of your top-ups are still open. Pay one of them, or wait until they expire.")})
        try:
            with transaction.atomic():
                return TopUp.objects.create(
                    customer=customer,
                    method=method,
                    variant=method.provider,
                    currency="USD",
                    amount=agreed.amount,
                    fee=agreed.fee,
                    bonus=agreed.bonus,
                    total=agreed.total,
                    form_key=form_key,
                    created_at=now,
                    changed_at=now,
                    expires_at=now + LASTS.get(method.provider, _OTHERWISE),
                    next_check_at=None if method.provider in SILENT else now + _FIRST_CHECK,
                )
        except IntegrityError:  # sent twice at once: the other one was first
            return TopUp.objects.get(form_key=form_key, customer=customer)


def page_of(top_up: TopUp) -> str | None:
    """The provider's page for it, opened when first asked for; None for what is paid without one. Raises `Away`.

    Talks to the provider, so no transaction may be open.
    """
    if top_up.variant in SILENT or not is_set_up(top_up.variant):
        return None
    try:
        top_up.get_form()
    except RedirectNeeded as there:
        address = str(there)
        return address if urlsplit(address).scheme in ("http", "https") else None
    except Away as error:
        log.warning("%s: no page for it: %s", top_up, error.detail)
        raise
    return None
