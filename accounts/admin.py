"""People in the admin: customers and staff, suspensions and notes, invitations, terms; their log-ins: admin_access.py.

Nobody is deleted here, since books and histories name them: an account is closed by taking its “active” away, and
suspended for a time by an act. Staff who are not owners can't touch other staff, nor give anybody rights.
"""

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts import sign_in_as, suspensions, terms
from accounts.admin_access import AuthenticatorAdmin, EmailAddressAdmin, GroupAdmin
from accounts.admin_acts import Lift, Suspend, WriteNote
from accounts.models import CustomerGroup, Invitation, StaffNote, Suspension, Terms, User
from accounts.roles import DECIDE, is_owner, may_touch
from core.admin_acts import Act, ActsAdmin, Done, ReasonForm, button, show_page
from core.admin_base import (
    NOTHING,
    ReadOnlyAdmin,
    ShopAdmin,
    list_link,
    moment,
    moment_column,
    page_link,
    pill,
    text_column,
    usd,
)

__all__ = ["AuthenticatorAdmin", "EmailAddressAdmin", "GroupAdmin"]


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


class SuspendedFilter(admin.SimpleListFilter):
    """Customers to whom something is shut now."""

    title = "suspended"
    parameter_name = "suspended"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("any", "Anything"), *Suspension.Degree.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if not self.value():
            return queryset
        degrees = Suspension.Degree.values if self.value() == "any" else [str(self.value())]
        return queryset.filter(suspensions.shuts(degrees, customer="pk", now=timezone.now()))


@admin.register(User)
class UserAdmin(BaseUserAdmin, ActsAdmin):
    acts = (Suspend, WriteNote)
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
    list_filter = ("is_active", SuspendedFilter, "is_staff", "groups", "group", "date_joined")
    list_select_related = ("account",)
    search_fields = ("email", "first_name", "last_name")
    ordering = ("-pk",)
    filter_horizontal = ()
    autocomplete_fields = ("groups", "group")
    fieldsets = (
        (None, {"fields": (("email", "joined", "seen"), ("available", "held", "elsewhere"), ("group", "referrer"))}),
        ("Suspended", {"fields": ("suspended",)}),
        ("Notes of staff", {"fields": ("notes",)}),
        ("Limits", {"fields": (("limit_spend_a_day", "limit_active_numbers", "limit_purchases_a_minute"),)}),
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
            held = [group.name for group in person.groups.all()]
            return pill("Superuser" if person.is_superuser else ", ".join(held) or "Staff without a role", "primary")
        if getattr(person, "is_suspended", False):
            return pill("Suspended", "warning")
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

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = super().get_fieldsets(request, obj)
        if obj is None or is_owner(request.user):
            return shown
        # How somebody's password is kept is nobody's business.
        return [
            (title, {**more, "fields": tuple(field for field in more["fields"] if field != "password")})
            for title, more in shown
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fixed: tuple[str, ...] = ("available", "held", "elsewhere", "joined", "seen", "referrer", "suspended", "notes")
        if obj is not None:
            fixed += ("email",)  # log-ins go by the addresses below it: see EmailAddressAdmin
        if not is_owner(request.user):
            fixed += ("is_staff", "groups")
        if not request.user.is_superuser:
            fixed += ("is_superuser", "user_permissions")
        if obj is not None and obj.pk == request.user.pk:
            # Nobody shuts themselves out of the shop they run; an owner's role may be all that lets them in.
            fixed += tuple({"is_active", "is_staff", "is_superuser", "groups"} - set(fixed))
        return fixed

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_change_permission(request, obj)) and may_touch(request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            # Whoever adds a person vouches for the address.
            EmailAddress.objects.create(user=obj, email=obj.email, verified=True, primary=True)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        people: QuerySet[User] = super().get_queryset(request)
        every = suspensions.shuts(Suspension.Degree.values, customer="pk", now=timezone.now())
        return people.annotate(is_suspended=every).prefetch_related("groups")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.sign_in_as)
        mine = path("<int:user_id>/sign-in-as/", view, name="accounts_user_sign_in_as")
        return [mine, *super().get_urls()]

    def sign_in_as(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """See the shop as a customer: GET asks for the reason, POST begins."""
        if not sign_in_as.may(request.user):
            raise PermissionDenied
        customer = get_object_or_404(User, pk=user_id)
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                sign_in_as.begin(
                    request=request, customer=customer, reason=form.cleaned_data["reason"], now=timezone.now()
                )
            except sign_in_as.NotAllowed as error:
                form.add_error(None, str(error))
            else:
                return redirect("front")
        return show_page(
            self,
            request,
            title="Sign in as this customer",
            original=customer,
            says=[
                "You see the shop as this customer does, for half an hour, in this browser; the admin stays yours.",
                "You can only look: nothing can be bought, changed or downloaded. Each page that you open is recorded.",
            ],
            form=form,
            button="Sign in as this customer",
            back=self.page_of(customer),
        )

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        # Whoever sets a password can log in with it.
        if not is_owner(request.user):
            raise PermissionDenied
        answer: HttpResponse = super().user_change_password(request, id, form_url)
        return answer

    @display(description="What is shut")
    def suspended(self, person: User) -> SafeString | str:
        held = [
            (page_link("accounts_suspension_change", one.pk, one.get_degree_display()), one.reason)
            for one in suspensions.live(timezone.now()).filter(customer=person)
        ]
        return format_html_join("", "<p>{}: {}</p>", held) or NOTHING

    @display(description="Newest first")
    def notes(self, person: User) -> SafeString | str:
        kept = StaffNote.objects.filter(customer=person).select_related("author")[:50] if person.pk else []
        lines = [(moment(note.at), note.author, note.text) for note in kept]
        return format_html_join("", '<p class="mb-3 whitespace-pre-line">{} · {}<br>{}</p>', lines) or NOTHING

    @display(description="Elsewhere")
    def elsewhere(self, person: User) -> SafeString:
        # Pages of rooms above this one, known by address alone.
        links = [
            list_link("orders_order_changelist", "Orders", customer__id__exact=person.pk),
            list_link("account_emailaddress_changelist", "E-mail addresses", user__id__exact=person.pk),
            list_link("sms_successrate_changelist", "Success with numbers", customer__id__exact=person.pk),
        ]
        account = getattr(person, "account", None)
        if account:
            links.append(page_link("wallet_account_change", account.pk, "Account"))
        return format_html_join(", ", "{}", [(link,) for link in links])

    def buttons(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        more = []
        if request.user.has_perm(DECIDE):
            more.append(
                button("Adjust balance", reverse("admin:wallet_account_adjust", args=[row.pk]), icon="price_change")
            )
        if sign_in_as.may(request.user) and row.is_active and not row.is_staff:
            look = reverse("admin:accounts_user_sign_in_as", args=[row.pk])
            more.append(button("Sign in as", look, icon="visibility"))
        if request.user.has_perm("core.view_staffact"):
            acts = reverse("admin:core_staffact_changelist")
            about = urlencode({"table__exact": "accounts.user", "row__exact": row.pk})
            more.append(button("What staff did", f"{acts}?{about}", icon="history"))
        return [*more, *super().buttons(request, row)]


@admin.register(Suspension)
class SuspensionAdmin(ReadOnlyAdmin, ActsAdmin):
    """Who may not do what, now and before: begun on a customer's page, lifted here."""

    acts = (Lift,)
    list_display = ("customer", "degree", "state", "begun", "ends", "begun_by")
    list_filter = ("degree", "begun_at")
    list_select_related = ("customer", "begun_by", "lifted_by")
    search_fields = ("customer__email", "reason")
    search_numbers = ("pk", "customer_id")
    ordering = ("-pk",)
    fields = (
        ("customer_page", "degree", "state"),
        "reason",
        "told",
        ("begun", "begun_by", "ends"),
        ("lifted", "lifted_by"),
    )
    readonly_fields = ("customer_page", "state", "begun", "ends", "lifted")

    begun = moment_column("begun_at", "Begun")
    ends = moment_column("ends_at", "Ends")
    lifted = moment_column("lifted_at", "Lifted")

    @display(description="Customer")
    def customer_page(self, suspension: Suspension) -> SafeString:
        return page_link("accounts_user_change", suspension.customer_id, suspension.customer)

    @display(description="State")
    def state(self, suspension: Suspension) -> SafeString:
        if suspension.lifted_at is not None:
            return pill("Lifted", "")
        over = suspension.ends_at is not None and suspension.ends_at <= timezone.now()
        return pill("Over", "") if over else pill("Holds", "warning")


@admin.register(StaffNote)
class StaffNoteAdmin(ReadOnlyAdmin):
    """What staff wrote about customers: written on a customer's page."""

    list_display = ("at_column", "customer", "author", "text_column")
    list_select_related = ("customer", "author")
    search_fields = ("customer__email", "text")
    search_numbers = ("pk", "customer_id")
    ordering = ("-pk",)
    fields = (("customer", "author", "at_column"), "text")
    readonly_fields = ("at_column",)

    at_column = moment_column("at", "Written")
    text_column = text_column("text", "Note")


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
