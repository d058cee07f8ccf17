"""A customer's referrals: their link, who came by it, what it earned."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from accounts import referral
from accounts.models import User
from accounts.signed_in import signed_in
from wallet.referral import earned


@signed_in
@never_cache
def referrals(request: HttpRequest) -> HttpResponse:
    """The page; there is none while referrals are switched off, nor for staff."""
    user: Any = request.user
    person: User = user
    if not referral.is_on() or not referral.may_refer(person):
        raise Http404
    return render(
        request,
        "wallet/referrals.html",
        {
            "link": request.build_absolute_uri(reverse("referral", args=[referral.code_of(person)])),
            "signed_up": User.objects.filter(referred_by=person).count(),
            "earned": earned(person),
            "percent": settings.REFERRAL_PERCENT.normalize(),
            "days": settings.REFERRAL_DELAY_DAYS,
            "cookie_days": timedelta(seconds=referral.LASTS).days,
        },
    )
