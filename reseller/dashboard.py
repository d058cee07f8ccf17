"""The first page of the admin: what waits for a person."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from core.models import Alert
from orders import states
from orders.models import Order
from sms import states as sms_states
from sms.models import Purchase


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the counts of what waits, each with its list, for those who may see it."""
    waiting = []
    if request.user.has_perm("core.view_alert"):
        waiting.append(
            {
                "title": "Open alerts",
                "count": Alert.objects.filter(resolved_at=None).count(),
                "link": reverse("admin:core_alert_changelist"),
                "nothing": "Nothing waits.",
            }
        )
    if request.user.has_perm("orders.view_order"):
        uncertain = f"{reverse('admin:orders_order_changelist')}?state__exact={states.UNCERTAIN}"
        waiting.append(
            {
                "title": "Uncertain orders",
                "count": Order.objects.filter(state=states.UNCERTAIN).count(),
                "link": uncertain,
                "nothing": "Every order is known to be placed or not.",
            }
        )
    if request.user.has_perm("sms.view_purchase"):
        waiting.append(
            {
                "title": "Uncertain purchases of numbers",
                "count": Purchase.objects.filter(state=sms_states.UNCERTAIN).count(),
                "link": f"{reverse('admin:sms_purchase_changelist')}?state__exact={sms_states.UNCERTAIN}",
                "nothing": "Every purchase is known to be placed or not.",
            }
        )
    return {**context, "title": "Overview", "waiting": waiting}
