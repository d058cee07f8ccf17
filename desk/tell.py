"""Tell a customer by e-mail that something happened to their request."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from desk.models import Request
from notices.kinds import Kind
from notices.tell import tell


def tell_customer(request: Request, now: datetime) -> None:
    """Without a word of what was written: it stands on the request's page."""
    with translation.override(request.customer.language or settings.LANGUAGE_CODE):
        about = request.title
    if request.order_id:
        about = f"{about} (#{request.order_id})"
    tell(
        customer_id=request.customer_id,
        kind=Kind.REQUEST_ANSWERED,
        about={"number": request.pk, "name": about},
        link=reverse("desk:request", args=[request.pk]),
        now=now,
    )
