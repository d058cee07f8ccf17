"""The sign-up form: e-mail address and password, a yes to the terms where there are any, an invitation where needed."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import SignupForm as BaseSignupForm
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from django import forms
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import invitations, terms
from accounts.models import User


class SignupForm(BaseSignupForm):
    """allauth's own, with what the shop asks for beside it."""

    field_order = ["email", "password1", "terms", "terms_version", "invite"]

    terms = forms.BooleanField(
        label=_("I accept the terms"),
        error_messages={"required": _("Without your yes to the terms there can be no account.")},
    )
    # The version that stood behind the link: a yes holds for what could be read.
    terms_version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, required=False)
    invite = forms.CharField(widget=forms.HiddenInput, max_length=invitations.LONGEST, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.holds = terms.current(timezone.now())
        if self.holds is None:
            del self.fields["terms"], self.fields["terms_version"]
        else:
            self.fields["terms_version"].initial = self.holds.pk
        if settings.SIGNUP == "invited":
            self.fields["invite"].initial = context.request.GET.get("invite", "")[: invitations.LONGEST]
        else:
            del self.fields["invite"]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean()
        if self.holds is not None and given.get("terms_version") != self.holds.pk and "terms" in given:
            self.add_error("terms", str(terms.NewerVersion()))
            # What is shown next is the version of now, and wants a yes of its own.
            self.data = self.data.copy()  # type: ignore[has-type]
            self.data["terms_version"] = str(self.holds.pk)
            self.data.pop("terms", None)
        if "invite" in self.fields and "email" in given:
            try:
                invitations.check(given.get("invite", ""), email=given["email"], now=timezone.now())
            except invitations.CantUse as error:
                self.add_error("email", str(error))
        return given

    def save(self, request: HttpRequest) -> User:
        """Make the account, record the yes and use the invitation up: all, or nothing."""
        now = timezone.now()
        try:
            with transaction.atomic():
                user: User = super().save(request)
                if self.holds is not None:
                    terms.accept(
                        user=user, version=self.holds.pk, address=get_adapter().get_client_ip(request), now=now
                    )
                if "invite" in self.fields:
                    invitations.use(self.cleaned_data["invite"], user=user, now=now)
        except (invitations.CantUse, terms.NewerVersion):
            # Somebody else took the last use, or new terms came out, since the form was checked: ask again.
            raise ImmediateHttpResponse(redirect(request.get_full_path())) from None
        return user
