"""People in the admin: customers, operators, their e-mail addresses and the groups of operators.

Nobody is deleted here, since books and histories name them: an account is closed by taking its “active” away.
Operators who are not superusers can't touch other operators, nor give anybody rights.
"""

from datetime import datetime
from typing import Any

# Importing the packages' own admin modules first: they register what is registered anew below.
from allauth.account.admin import EmailAddressAdmin as BaseEmailAddressAdmin
from allauth.account.models import EmailAddress
from allauth.mfa.admin import AuthenticatorAdmin as _AuthenticatorAdmin  # noqa: F401
from allauth.mfa.models import Authenticator
from allauth.usersessions.admin import UserSessionAdmin as _UserSessionAdmin  # noqa: F401
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as BaseGroupAdmin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts import terms
from accounts.models import CustomerGroup, Invitation, Terms, User
from core.admin_acts import Act, ActsAdmin, Done, button
from core.admin_base import NOTHING, ReadOnlyAdmin, ShopAdmin, list_link, moment_column, page_link, pill, usd

admin.site.unregister(Group)
admin.site.unregister(EmailAddress)
admin.site.unregister(Authenticator)
# Where people are logged in is theirs to see: accounts/sessions.py.
admin.site.unregister(UserSession)


class AddUserForm(UserCreationForm):
    """A new person: e-mail address and password."""

    class Meta:
        model = User
        fields = ("email",)

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if User.objects.filter(email=email).exists():
            raise ValidationError("Somebody has an account with this e-mail address already.")
        return email


class ChangeUserForm(UserChangeForm):
    """A person as they are; the password only by its own form."""

    class Meta:
        model = User
        fields = "__all__"


def _rank_allows(request: HttpRequest, person: User | None) -> bool:
    """Superusers may touch anybody; other operators only customers."""
    return person is None or bool(request.user.is_superuser) or not (person.is_staff or person.is_superuser)


@admin.register(CustomerGroup)
class CustomerGroupAdmin(ShopAdmin):
    """Customers with prices of their own: mark-up rules name the group, a customer's page puts them into it."""

    list_display = ("name", "people", "rules")
    search_fields = ("name",)
    search_numbers = ("pk",)
    fields = ("name", "note", ("people", "rules"))
    readonly_fields = ("people", "rules")

    @display(description="Customers")
    def people(self, group: CustomerGroup) -> SafeString | str:
        return (
            list_link("accounts_user_changelist", "Its customers", group__id__exact=group.pk) if group.pk else NOTHING
        )

    @display(description="Mark-up rules")
    def rules(self, group: CustomerGroup) -> SafeString | str:
        if not group.pk:
            return NOTHING
        # Pages of rooms above this one, known by address alone.
        links = [
            list_link("catalog_markuprule_changelist", "For services", group__id__exact=group.pk),
            list_link("sms_markuprule_changelist", "For numbers", group__id__exact=group.pk),
        ]
        return format_html_join(", ", "{}", [(link,) for link in links])


@admin.register(User)
class UserAdmin(BaseUserAdmin, ShopAdmin):
    form = ChangeUserForm
    add_form = AddUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = (
        "email",
        "available",
        "held",
        "role",
        "joined",
        "seen",
    )
    list_filter = ("is_active", "is_staff", "group", "date_joined")
    list_select_related = ("account",)
    search_fields = ("email", "first_name", "last_name")
    ordering = ("-pk",)
    filter_horizontal = ()
    autocomplete_fields = ("groups", "group")
    fieldsets = (
        (None, {"fields": (("email", "joined", "seen"), ("available", "held", "elsewhere"), ("group", "referrer"))}),
        ("Person", {"fields": (("first_name", "last_name"), ("language", "time_zone"), "password")}),
        ("Access", {"fields": (("is_active", "is_staff", "is_superuser"), "groups", "user_permissions")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)

    joined = moment_column("date_joined", "Joined")
    seen = moment_column("last_login", "Last log-in")

    @display(description="Referred by")
    def referrer(self, person: User) -> SafeString | str:
        other = person.referred_by
        return NOTHING if other is None else page_link("accounts_user_change", other.pk, other)

    @display(description="Role")
    def role(self, person: User) -> SafeString:
        if not person.is_active:
            return pill("Closed", "danger")
        if person.is_staff:
            return pill("Superuser" if person.is_superuser else "Operator", "primary")
        return pill("Customer", "")

    @display(description="Available")
    def available(self, person: User) -> str:
        # `account` comes from the wallet, which this room doesn't know; whoever never had money has none.
        account = getattr(person, "account", None)
        return usd(account.available) if account else NOTHING

    @display(description="On hold")
    def held(self, person: User) -> str:
        account = getattr(person, "account", None)
        return usd(account.held) if account else NOTHING

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fixed: tuple[str, ...] = ("available", "held", "elsewhere", "joined", "seen", "referrer")
        if obj is not None:
            fixed += ("email",)  # log-ins go by the addresses below it: see EmailAddressAdmin
        if not request.user.is_superuser:
            fixed += ("is_staff", "is_superuser", "groups", "user_permissions")
        return fixed

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_change_permission(request, obj)) and _rank_allows(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            # Whoever adds a person vouches for the address.
            EmailAddress.objects.create(user=obj, email=obj.email, verified=True, primary=True)

    @display(description="Elsewhere")
    def elsewhere(self, person: User) -> SafeString:
        # Pages of rooms above this one, known by address alone.
        links = [
            list_link("orders_order_changelist", "Orders", customer__id__exact=person.pk),
            list_link("account_emailaddress_changelist", "E-mail addresses", user__id__exact=person.pk),
        ]
        account = getattr(person, "account", None)
        if account:
            links.append(page_link("wallet_account_change", account.pk, "Account"))
        return format_html_join(", ", "{}", [(link,) for link in links])

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        person = context.get("original")
        if person is not None and request.user.has_perm("wallet.change_account"):
            adjust = reverse("admin:wallet_account_adjust", args=[person.pk])
            context["actions_detail"] = [button("Adjust balance", adjust, icon="price_change")]
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(Group)
class GroupAdmin(BaseGroupAdmin, ShopAdmin):
    """What operators of a kind may do; for superusers, who else could give rights to themselves."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)


@admin.register(EmailAddress)
class EmailAddressAdmin(BaseEmailAddressAdmin, ShopAdmin):
    """The addresses people log in with. To change somebody's: add the new one, then make it the primary one."""

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
        return addresses if request.user.is_superuser else addresses.filter(user__is_staff=False)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user" and not request.user.is_superuser:
            kwargs["queryset"] = User.objects.filter(is_staff=False, is_superuser=False)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_delete_permission(request, obj)) and not (obj and obj.primary)

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
        return factors if request.user.is_superuser else factors.filter(user__is_staff=False)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = request.user.has_perm("mfa.delete_authenticator")
        return allowed and _rank_allows(request, obj.user if obj else None)


@admin.register(Invitation)
class InvitationAdmin(ShopAdmin):
    """Invitations: whoever has the address below may sign up while SIGNUP is `invited`."""

    list_display = ("__str__", "uses", "used", "expires", "made_by", "made")
    list_select_related = ("made_by",)
    search_fields = ("email", "note", "code")
    ordering = ("-pk",)
    fields = (("email", "uses", "expires_at"), "note", "address", ("used", "people", "made_by", "made"))
    readonly_fields = ("address", "used", "people", "made_by", "made")

    expires = moment_column("expires_at", "Expires")
    made = moment_column("made_at", "Made")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Invitation | None:
        invitation: Invitation | None = super().get_object(request, object_id, from_field)
        if invitation is not None:
            path = f"{reverse('account_signup')}?invite={invitation.code}"
            invitation.address = request.build_absolute_uri(path)  # type: ignore[attr-defined]
        return invitation

    @display(description="Address to pass on")
    def address(self, invitation: Invitation) -> str:
        return getattr(invitation, "address", "It is shown once the invitation is saved.")

    @display(description="Who came")
    def people(self, invitation: Invitation) -> SafeString | str:
        if not invitation.used:
            return NOTHING
        return list_link("accounts_user_changelist", "Accounts", invitation__id__exact=invitation.pk)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        if not change:
            obj.made_by, obj.made_at = request.user, timezone.now()
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # One that let somebody in is part of their history: let it expire instead.
        return bool(super().has_delete_permission(request, obj)) and not (obj and obj.used)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "email") if obj and obj.used else self.readonly_fields


class Publish(Act[Terms]):
    """Draft → the version that holds."""

    path = "publish"
    title = "Publish"
    button = "Publish it for good"
    icon = "publish"
    permission = "accounts.change_terms"
    refusals = (terms.CantPublish,)

    def fits(self) -> bool:
        return self.row.published_at is None

    def says(self) -> list[str]:
        said = [
            "From now on this is the version that holds, and it can no longer be changed.",
            "Whoever signs up accepts it; every customer is asked once, before their next purchase on the pages. "
            "Programs that buy through the API are not asked and go on working.",
            "No money moves.",
        ]
        if not self.row.text_zh_hans.strip():
            said.append("It has no Chinese text: readers of Chinese get the English one.")
        return said

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        terms.publish(terms=self.row, now=now)
        return Done(f"{self.row} hold from now on.")


@admin.register(Terms)
class TermsAdmin(ActsAdmin):
    """The shop's terms. A draft may be changed; what is published was agreed to and stays."""

    acts = (Publish,)
    list_display = ("version", "state", "published")
    ordering = ("-pk",)
    search_fields = ("version",)
    fields = ("version", "text_en", "text_zh_hans", "markup", "published")
    readonly_fields = ("markup", "published")

    published = moment_column("published_at", "Published")

    @display(description="State")
    def state(self, version: Terms) -> SafeString:
        return pill("Published", "success") if version.published_at else pill("Draft", "")

    @display(description="How to write it")
    def markup(self, version: Terms) -> str:
        return (
            "“# Heading” and “## Smaller heading”; an empty line ends a paragraph; lines that begin with “- ” or “1. ” "
            "are lists; “**strong**”; “[words](https://address)”. Everything else is shown as it is."
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_change_permission(request, obj)) and not (obj and obj.published_at)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_delete_permission(request, obj)) and not (obj and obj.published_at)
