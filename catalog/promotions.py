"""What a promotion code does to an offer, and when it may be used; counting its uses is `orders.promotion`'s."""

from datetime import datetime

from django.utils.translation import gettext as _

from catalog.models import Promotion, Service
from catalog.pricing import Quote, discounted
from core.money import ZERO, show

LONGEST = 40


class CantUse(Exception):
    """The code takes nothing off this order; says why to the customer."""


def named(code: str) -> Promotion:
    """The promotion with this code, however it is spelt. Raises `CantUse`."""
    spelt = Promotion.spelt(code)
    found = Promotion.objects.filter(code=spelt).first() if len(spelt) <= LONGEST and spelt.isprintable() else None
    if found is None:
        raise CantUse(_("There is no such code."))
    return found


def taken_off(promotion: Promotion, offer: Quote, service: Service, *, now: datetime) -> Quote:
    """The offer with what the promotion takes off, for one that has uses left. Raises `CantUse`."""
    if not promotion.active or (promotion.ends_at is not None and promotion.ends_at <= now):
        raise CantUse(_("This code is no longer valid."))
    if promotion.begins_at is not None and promotion.begins_at > now:
        raise CantUse(_("This code is not valid yet."))
    if promotion.category_id is not None and promotion.category_id != service.category_id:
        raise CantUse(_("This code is for other services."))
    if offer.charge < promotion.minimum_charge:
        raise CantUse(_("This code is for orders from %(amount)s.") % {"amount": show(promotion.minimum_charge)})
    cheaper = discounted(offer, percent=promotion.percent, fixed=promotion.fixed)
    if cheaper.discount == ZERO:
        raise CantUse(_("The price of this service is as low as it can be: the code takes nothing off."))
    return cheaper
