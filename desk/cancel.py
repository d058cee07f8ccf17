"""A customer's program asks that an order be canceled: the first order of a plan stands for all of it."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from desk import ask
from desk.ask import CantAsk
from desk.models import Request
from orders import states
from orders.models import Order, Plan
from orders.plans import stop


def cancel(*, order_id: int, customer: User, now: datetime) -> Request:
    """Ask for the cancel of an order; where a plan began with it, the runs to come are stopped at once and the
    cancel of those under way is asked for.

    Raises `ask.CantAsk`, `Order.DoesNotExist`.
    """
    order = Order.objects.select_related("plan").get(pk=order_id, customer=customer)
    if order.run != 1 or order.plan is None or not order.plan.is_open:
        return ask.cancel(order_id=order_id, customer=customer, now=now)
    with transaction.atomic():
        # What settles an order locks it and then its customer's money, so the orders come before the money here too.
        stop.locked(order.plan.pk, customer)
        runs = order.plan.orders.filter(state__in=states.OPEN).order_by("pk").select_for_update()
        under_way = list(runs.values_list("pk", flat=True))
        try:
            stop.stop(plan_id=order.plan.pk, reason=Plan.Reason.BY_CUSTOMER, customer=customer, now=now)
        except stop.CantChange:  # it ended just now
            return ask.cancel(order_id=order_id, customer=customer, now=now)
        asked = {}
        for run_id in under_way:
            try:
                asked[run_id] = ask.cancel(order_id=run_id, customer=customer, now=now)
            except CantAsk:  # it runs to its end; the others are stopped all the same
                continue
        if order.pk in asked:
            return asked[order.pk]
        return Request.objects.create(
            customer=customer,
            order=order,
            kind=Request.Kind.CANCEL,
            state=Request.State.DONE,
            note="The runs to come were stopped.",
            asked_at=now,
            changed_at=now,
            decided_at=now,
        )
