"""What opens accounts, in the admin: e-mail addresses, second factors, and the roles and groups of staff."""

from typing import Any

# Importing the packages' own admin modules first: they register what is registered anew below.
from allauth.account.admin import EmailAddressAdmin as BaseEmailAddressAdmin
from allauth.account.models import EmailAddress
from allauth.mfa.admin import AuthenticatorAdmin as _AuthenticatorAdmin  # noqa: F401
from allauth.mfa.models import Authenticator
from allauth.usersessions.admin import UserSessionAdmin as _UserSessionAdmin  # noqa: F401
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as BaseGroupAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from accounts.models import User
from accounts.roles import OWNER, ROLES, is_owner, may_touch, reach, rights_of
from core.admin_base import NOTHING, ReadOnlyAdmin, ShopAdmin, moment_column

admin.site.unregister(Group)
admin.site.unregister(EmailAddress)
admin.site.unregister(Authenticator)
# Where people are logged in is theirs to see: accounts/sessions.py.
admin.site.unregister(UserSession)


@admin.register(Group)
class GroupAdmin(BaseGroupAdmin, ShopAdmin):
    """Kinds of staff: the shop's roles, whose rights are fixed, and groups with rights from the database.

    For owners; groups with rights of their own for superusers, since who else could give rights to themselves.
    """

    readonly_fields = ("rights",)

    def get_fields(self, request: HttpRequest, obj: Group | None = None) -> Any:
        return ("name", "rights") if obj and obj.name in ROLES else ("name", "permissions")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("rights", "name") if obj and obj.name in ROLES else ("rights",)

    @display(description="What it may do")
    def rights(self, group: Group) -> str:
        if group.name == OWNER:
            return "Everything, and say who else may do what."
        return ", ".join(sorted(rights_of(group.name))) or NOTHING

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_owner(request.user) or bool(super().has_view_permission(request, obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser) and not (obj and obj.name in ROLES)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser) and not (obj and obj.name in ROLES)


class AddressForm(forms.ModelForm):
    """An address as log-ins look for it, confirmed for one person alone."""

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        return email

    def clean(self) -> dict[str, Any] | None:
        given = super().clean() or self.cleaned_data
        email = given.get("email") or self.instance.email
        others = EmailAddress.objects.exclude(pk=self.instance.pk).filter(email=email, verified=True)
        if given.get("verified") and others.exists():
            self.add_error("verified", "This address is confirmed for somebody else.")
        return given


@admin.register(EmailAddress)
class EmailAddressAdmin(BaseEmailAddressAdmin, ShopAdmin):
    """The addresses people log in with. To change somebody's: add the new one, then make it the primary one.

    Whoever has the address of an account can have its password: so they are seen and changed by those alone who may
    change the account.
    """

    form = AddressForm
    list_select_related = ("user",)
    list_filter = ("primary", "verified")
    ordering = ("-pk",)
    raw_id_fields = ()
    autocomplete_fields = ("user",)
    fields = (("user", "email"), ("verified", "primary"))
    actions = ("make_verified", "make_primary")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("primary",) if obj is None else ("primary", "user", "email")

    def get_queryset(self, request: HttpRequest) -> QuerySet[EmailAddress]:
        addresses: QuerySet[EmailAddress] = super().get_queryset(request)
        return addresses.filter(reach(request.user, "user__"))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            kwargs["queryset"] = User.objects.filter(reach(request.user))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_delete_permission(request, obj)) and not (obj and obj.primary)

    @admin.action(description="Mark as confirmed", permissions=["change"])
    def make_verified(self, request: HttpRequest, queryset: QuerySet[EmailAddress]) -> None:
        # allauth's own asks for no right, and writes nothing down.
        for address in queryset.filter(verified=False).select_related("user"):
            with transaction.atomic():
                done = address.set_verified()
                if done:
                    self.log_change(request, address, "Marked as confirmed.")
            if done:
                self.message_user(request, f"{address.email} is confirmed.", messages.SUCCESS)
            else:
                self.message_user(request, f"{address.email} is confirmed for somebody else.", messages.ERROR)

    @admin.action(description="Make it the primary address", permissions=["change"])
    def make_primary(self, request: HttpRequest, queryset: QuerySet[EmailAddress]) -> None:
        for address in queryset.select_related("user"):
            if address.primary:
                continue
            if User.objects.exclude(pk=address.user_id).filter(email=address.email).exists():
                self.message_user(request, f"{address.email} belongs to somebody else's account.", messages.ERROR)
                continue
            with transaction.atomic():
                address.set_as_primary()
                self.log_change(request, address, "Made the primary address.")
            self.message_user(request, f"{address.email} is the primary address of its account now.", messages.SUCCESS)


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin):
    """Second factors: to be read, and taken away from somebody who lost theirs and has proved who they are."""

    list_display = ("user", "type", "added", "used")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    search_numbers = ("user_id",)
    ordering = ("-pk",)
    # Not `data`: the secrets are in it.
    fields = (("user", "type"), ("added", "used"))

    added = moment_column("created_at", "Added")
    used = moment_column("last_used_at", "Last used")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Authenticator]:
        factors: QuerySet[Authenticator] = super().get_queryset(request)
        return factors if is_owner(request.user) else factors.filter(user__is_staff=False)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = request.user.has_perm("mfa.delete_authenticator")
        return allowed and may_touch(request.user, obj.user if obj else None)
