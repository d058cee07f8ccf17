"""Use a promotion code for an order, within its limits.

A use counts as long as its order has not come to nothing: one that was canceled or refused, with all its money
back, is free again by itself, since uses are counted through the states of their orders. A refund after delivery
gives none back.
"""

from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from accounts.models import User
from catalog.models import Promotion, Service
from catalog.pricing import Quote
from catalog.promotions import CantUse, named, taken_off
from orders import states
from orders.models import Order, PromotionUse

__all__ = ["CantUse", "look", "note", "redeem"]


def look(*, code: str, customer: User, service: Service, offer: Quote, now: datetime) -> Quote:
    """The offer as it would be with the code; nothing is counted. Raises `CantUse`."""
    promotion = named(code)
    cheaper = taken_off(promotion, offer, service, now=now)
    _check_uses(promotion, customer)
    return cheaper


def redeem(*, code: str, customer: User, service: Service, offer: Quote, now: datetime) -> tuple[Promotion, Quote]:
    """The promotion and the offer with it, in the transaction that places the order and then calls `note`.

    A promotion with a limit is locked until that commits, so that two orders never share its last use.
    Raises `CantUse`.
    """
    promotion = named(code)
    if promotion.most_uses is not None or promotion.most_uses_each is not None:
        promotion = Promotion.objects.select_for_update().get(pk=promotion.pk)
    cheaper = taken_off(promotion, offer, service, now=now)
    _check_uses(promotion, customer)
    return promotion, cheaper


def note(*, promotion: Promotion, order: Order, discount: Decimal) -> None:
    """Remember that the order used the promotion, which took `discount` USD off it."""
    PromotionUse.objects.create(promotion=promotion, order=order, customer=order.customer, discount=discount)


def _check_uses(promotion: Promotion, customer: User) -> None:
    counted = PromotionUse.objects.filter(promotion=promotion).exclude(order__state__in=states.UNPAID)
    each = promotion.most_uses_each
    if each is not None and counted.filter(customer=customer).count() >= each:
        raise CantUse(_("You have used this code as often as it can be."))
    if promotion.most_uses is not None and counted.count() >= promotion.most_uses:
        raise CantUse(_("This code has been used up."))
