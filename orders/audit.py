"""Prove that every order agrees with its hold. Reports, and never repairs."""

from collections.abc import Iterator

from django.db.models import Count, Exists, F, OuterRef, Q

from catalog.models import Service
from catalog.pricing import share
from orders import states
from orders.models import Order, OrderEvent, Plan
from wallet.models import Hold

SHOWN = 50


def problems() -> Iterator[str]:
    """A line for everything that does not fit between orders and the books."""
    wrong = Order.objects.select_related("hold").filter(
        (Q(state__in=states.OPEN) & ~Q(hold__state=Hold.State.OPEN))
        | (Q(state__in=states.PAID) & ~Q(hold__state=Hold.State.CAPTURED))
        | (Q(state__in=states.UNPAID) & ~Q(hold__state=Hold.State.RELEASED))
    )
    for order in wrong[:SHOWN]:
        yield f"order {order.pk} is {order.state}, but its hold is {order.hold.state}"
    for order in Order.objects.select_related("hold__account").exclude(hold__amount=F("charge"))[:SHOWN]:
        yield f"order {order.pk} charges {order.charge}, but its hold is of {order.hold.amount}"
    for order in Order.objects.exclude(hold__account__owner=F("customer"))[:SHOWN]:
        yield f"order {order.pk} is paid from another customer's account"
    for order in Order.objects.filter(state__in=states.PAID).select_related("hold").iterator():
        due = share(order.charge, part=order.delivered, whole=order.quantity)
        if order.hold.captured != due:
            yield f"order {order.pk} delivered {order.delivered}, worth {due}, but captured {order.hold.captured}"
    # Who ends an order by hand may have handed the goods over in another way.
    by_hand = OrderEvent.objects.filter(order=OuterRef("pk"), kind__in=states.PAID, actor__isnull=False)
    products = Order.objects.filter(entity=Service.Entity.PRODUCT, state__in=states.PAID).exclude(Exists(by_hand))
    for order in products.annotate(kept=Count("items", filter=Q(items__replaces=None))).filter(kept__lt=F("delivered"))[
        :SHOWN
    ]:
        yield f"order {order.pk} delivered {order.delivered} items, but {order.kept} are there"
    yield from _plans()
    purchases = Hold.objects.filter(key__startswith="order:").annotate(orders=Count("order"))
    for hold in purchases.exclude(orders=1)[:SHOWN]:
        yield f"hold {hold.key} belongs to no order"


def _plans() -> Iterator[str]:
    """A plan's hold covers the runs that were not placed, while more may follow."""
    plans = Plan.objects.select_related("hold")
    for plan in plans.filter(state__in=Plan.OPEN).exclude(
        hold__state=Hold.State.OPEN, hold__amount=F("charge") * (F("runs") - F("placed"))
    )[:SHOWN]:
        yield f"plan {plan.pk} has {plan.left} runs of {plan.charge} left, but its hold is {plan.hold}"
    for plan in plans.exclude(state__in=Plan.OPEN).exclude(hold__state=Hold.State.RELEASED)[:SHOWN]:
        yield f"plan {plan.pk} is {plan.state}, but its hold is {plan.hold.state}"
    for plan in plans.exclude(hold__account__owner=F("customer"))[:SHOWN]:
        yield f"plan {plan.pk} is paid from another customer's account"
    for plan in plans.annotate(orders_placed=Count("orders")).exclude(orders_placed=F("placed"))[:SHOWN]:
        yield f"plan {plan.pk} placed {plan.placed} runs, but has {plan.orders_placed} orders"
    for hold in Hold.objects.filter(key__startswith="plan:", plan=None)[:SHOWN]:
        yield f"hold {hold.key} belongs to no plan"
