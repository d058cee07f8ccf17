"""Numbers in the admin: what is sold where, what is added to its cost, and every purchase with what came of it.

What the vendor says of a project is read-only: the next sync would write it anew. Nothing is deleted, since purchases
name it; what should not be sold is hidden. The codes that customers got are shown only after a yes.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from catalog.admin import NothingDeleted
from core.admin_acts import ActsAdmin, button, show_page
from core.admin_base import (
    NOTHING,
    ReadOnlyAdmin,
    ShopAdmin,
    lines_column,
    list_link,
    margin,
    moment,
    moment_column,
    number_column,
    page_link,
    pill,
    text_column,
    took,
    unbroken,
    usd,
    usd_column,
)
from sms import states
from sms.admin_acts import PURCHASE_ACTS, PutBackOnSale
from sms.admin_forms import ONLY_RULE, CountryForm, MarkupRuleForm
from sms.models import Attempt, Country, MarkupRule, Number, Project, Purchase, PurchaseEvent, Site, Slot, SuccessRate
from sms.pricing import reprice
from sms.resume import resume
from sms.statistics import ENOUGH, WINDOW
from upstream.forwarding import BelowCost

PURCHASE_STATES = {
    states.PLACED: "info",
    states.SUBMITTING: "info",
    states.RUNNING: "primary",
    states.UNCERTAIN: "warning",
    states.CLOSED: "success",
    states.REJECTED: "danger",
}
NUMBER_STATES = {
    states.WAITING: "info",
    states.RECEIVED: "success",
    states.FINISHED: "success",
    states.EXPIRED: "",
    states.CANCELED: "",
}
OUTCOMES = {
    "OPEN": "info",
    "ACCEPTED": "success",
    "REFUSED": "danger",
    "NOT_SENT": "",
    "UNANSWERED": "warning",
    "FOUND": "success",
    "DISPROVED": "",
}
# A purchase's page shows so many of the newest; the lists have all of them.
SHOWN = 50


def _stacked(first: object, second: object) -> SafeString:
    """Two texts in one cell, the second small below the first."""
    return format_html('<div>{} <span class="block text-xs">{}</span></div>', first, second)


def _seconds(wait: float | None) -> str:
    return NOTHING if wait is None else f"{wait:,.0f} s"


# ── What is sold ───────────────────────────────────────────────────────────────────────────────────


class Told(NothingDeleted):
    """Rows with how their numbers ended lately."""

    numbers_path = ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name == "autocomplete":
            return rows
        numbers = self.numbers_path
        lately = Q(**{f"{numbers}__finished_at__gte": timezone.now() - WINDOW})
        wait = ExpressionWrapper(
            F(f"{numbers}__first_code_at") - F(f"{numbers}__received_at"), output_field=DurationField()
        )
        return rows.annotate(
            ended=Count(numbers, filter=lately),
            with_code=Count(f"{numbers}__first_code_at", filter=lately),
            wait=Avg(wait, filter=lately),
        )

    @display(description=f"Numbers, last {WINDOW.days} days", ordering="ended")
    def lately(self, row: Any) -> str:
        return f"{row.ended:,}"

    @display(description="With a code")
    def delivered(self, row: Any) -> str:
        return f"{row.with_code / row.ended:.0%}" if row.ended else NOTHING

    @display(description="Average wait", ordering="wait")
    def waited(self, row: Any) -> str:
        return _seconds(row.wait.total_seconds() if isinstance(row.wait, timedelta) else None)


@admin.register(Country)
class CountryAdmin(Told):
    form = CountryForm
    numbers_path = "projects__purchases__numbers"
    list_display = ("name", "code", "region", "hidden", "lately", "delivered", "waited", "projects")
    list_editable = ("hidden",)
    list_filter = ("hidden",)
    search_fields = ("name", "code__iexact", "region__iexact")
    fields = (("name", "code"), ("region", "hidden"), ("lately", "delivered", "waited"), "projects")
    readonly_fields = ("name", "code", "lately", "delivered", "waited", "projects")

    @display(description="Projects")
    def projects(self, country: Country) -> SafeString:
        return list_link("sms_project_changelist", "Its projects", country__id__exact=country.pk)


@admin.register(Site)
class SiteAdmin(Told):
    numbers_path = "projects__purchases__numbers"
    list_display = ("name", "hidden", "lately", "delivered", "waited", "projects")
    list_editable = ("hidden",)
    list_filter = ("hidden",)
    search_fields = ("name", "folded")
    fields = (("name", "hidden"), ("lately", "delivered", "waited"), "projects")
    readonly_fields = ("name", "lately", "delivered", "waited", "projects")

    @display(description="Countries")
    def projects(self, site: Site) -> SafeString:
        return list_link("sms_project_changelist", "Its countries", site__id__exact=site.pk)


@admin.register(Project)
class ProjectAdmin(NothingDeleted, ActsAdmin):
    list_display = ("what", "label", "cost_usd", "price_usd", "margin", "delivered", "waited", "sold")
    list_display_links = ("what",)
    list_filter = ("state", "hidden", ("site", AutocompleteSelectFilter), ("country", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("site", "country")
    search_fields = ("site__name", "country__name", "upstream_id__iexact")
    search_help_text = "Site, country, or the vendor's id"
    actions = ("hide", "show", "put_back_on_sale")
    acts = (PutBackOnSale,)
    readonly_fields = (
        *("site", "country", "label", "number", "upstream_id", "cost_usd", "price_usd", "margin", "rule"),
        *("delivered", "waited", "sold", "changed"),
    )
    fieldsets = (
        (None, {"fields": (("site", "country"), ("label", "hidden"), ("number", "upstream_id", "changed"))}),
        ("Price", {"fields": (("cost_usd", "price_usd", "margin"), "rule")}),
        (
            "How it goes",
            {
                "fields": (("delivered", "waited", "sold"),),
                "description": f"Of the numbers that ended in the last {WINDOW.days} days, from {ENOUGH} on. "
                "Customers read it as “usually delivers”.",
            },
        ),
    )

    number = number_column("Our number")
    cost_usd = usd_column("cost", "Cost")
    price_usd = usd_column("price", "Price")
    changed = moment_column("changed_at", "Changed")

    @display(description="Project", ordering="site__name")
    def what(self, project: Project) -> SafeString:
        return _stacked(Truncator(project.site.name).chars(60), project.country.name)

    @display(description="State", ordering="state")
    def label(self, project: Project) -> SafeString:
        if project.state == Project.State.SUSPENDED:
            return pill("Suspended", "danger")
        if project.state == Project.State.WITHDRAWN:
            return pill("Withdrawn", "")
        return pill("Hidden", "warning") if project.hidden else pill("On sale", "success")

    @display(description="Margin")
    def margin(self, project: Project) -> SafeString:
        return _stacked(*margin(project.cost, project.price).split(" ", 1))

    @display(description="With a code", ordering="delivery_rate")
    def delivered(self, project: Project) -> str:
        return NOTHING if project.delivery_rate is None else f"{project.delivery_rate}%"

    @display(description="Median wait", ordering="median_seconds")
    def waited(self, project: Project) -> str:
        return _seconds(project.median_seconds)

    @display(description="Purchases")
    def sold(self, project: Project) -> SafeString:
        return list_link("sms_purchase_changelist", "Its purchases", project__id__exact=project.pk)

    @display(description="Mark-up rule that holds")
    def rule(self, project: Project) -> SafeString | str:
        active = MarkupRule.objects.filter(active=True, group=None).select_related(
            "country", "project__site", "project__country"
        )
        everything = {"project": None, "country": None}
        for place in ({"project": project.pk}, {"country": project.country_id}, everything):
            found = active.filter(**place).first()
            if found:
                return page_link("sms_markuprule_change", found.pk, found)
        return "None: sold at cost"

    def _hide(self, request: HttpRequest, queryset: QuerySet[Project], hidden: bool) -> None:
        word = "Hidden" if hidden else "Shown"
        with transaction.atomic():
            changed = list(queryset.exclude(hidden=hidden))
            queryset.update(hidden=hidden)
            self.log_changes(request, changed, f"{word}.")
        self.message_user(request, f"{word}: {len(changed)} of {queryset.count()} chosen.", messages.SUCCESS)

    @admin.action(description="Hide from customers", permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        self._hide(request, queryset, True)

    @admin.action(description="Show to customers", permissions=["change"])
    def show(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        self._hide(request, queryset, False)

    @admin.action(description="Put back on sale (suspended ones)", permissions=["change"])
    def put_back_on_sale(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        back = [project for project in queryset if resume(project_id=project.pk, now=timezone.now())]
        for project in back:
            self.log_change(request, project, "Put back on sale.")
        self.message_user(request, f"{len(back)} back on sale.", messages.SUCCESS if back else messages.WARNING)


@admin.register(MarkupRule)
class MarkupRuleAdmin(ShopAdmin):
    form = MarkupRuleForm
    list_display = ("place", "group", "percent_text", "fixed_usd", "minimum_usd", "rounding_usd", "active")
    list_filter = ("active", "group")
    list_select_related = ("country", "project__site", "project__country", "group")
    search_fields = ("project__site__name", "project__country__name", "country__name", "group__name")
    autocomplete_fields = ("country", "project", "group")
    fieldsets = (
        ("Where it holds", {"fields": (("country", "project"), ("group", "active"))}),
        ("What it adds", {"fields": (("percent", "fixed"), ("minimum_margin", "rounding"))}),
    )

    @display(description="Holds for")
    def place(self, rule: MarkupRule) -> str:
        return str(rule.project or rule.country or "All numbers")

    @display(description="Percent", ordering="percent")
    def percent_text(self, rule: MarkupRule) -> str:
        return f"{rule.percent.normalize():f}%"

    fixed_usd = usd_column("fixed", "Fixed")
    minimum_usd = usd_column("minimum_margin", "Minimum margin")
    rounding_usd = usd_column("rounding", "Rounded up to")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self._reprice(request)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        found, counts, lacking, protected = super().get_deleted_objects(objs, request)
        kept = [f"{rule}. {ONLY_RULE}" for rule in objs if rule.holds_alone]
        return found, counts, lacking, [*protected, *kept]

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        self._reprice(request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[MarkupRule]) -> None:
        super().delete_queryset(request, queryset)
        self._reprice(request)

    def _reprice(self, request: HttpRequest) -> None:
        changed = reprice(now=timezone.now())
        what = {0: "No price changed.", 1: "1 price changed."}.get(changed, f"{changed:,} prices changed.")
        what = f"General prices: {what[0].lower()}{what[1:]} A group's are reckoned as they are shown."
        self.message_user(request, f"{what} Numbers already bought keep theirs.", messages.INFO)


# ── Purchases ──────────────────────────────────────────────────────────────────────────────────────


@admin.register(Purchase)
class PurchaseAdmin(ReadOnlyAdmin, ActsAdmin):
    list_display = ("number", "placed", "customer", "what", "total_usd", "label")
    list_display_links = ("number",)
    list_filter = ("state", "below_cost", "reason", "placed_at")
    list_select_related = ("customer",)
    search_fields = ("reference__iexact", "customer__email", "site_name", "country_name", "phone")
    search_numbers = ("pk", "numbers__upstream_id")
    search_help_text = "Our number or the vendor's, reference, e-mail address, site, country"
    acts = PURCHASE_ACTS
    acts_in_page = True
    readonly_fields = (
        *("label", "customer_page", "project_page", "again", "reason_text", "full_flag", "evidence_text"),
        *("total_usd", "price_usd", "cost_usd", "placed", "accepted", "finished", "due"),
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("label", "quantity", "reference"),
                    ("customer_page", "project_page", "again"),
                    ("placed", "accepted", "finished"),
                    "reason_text",
                )
            },
        ),
        ("Money", {"fields": (("total_usd", "price_usd", "cost_usd"),)}),
        ("At the vendor", {"fields": ("full_flag", "evidence_text", ("tries", "due"))}),
    )

    number = number_column()
    placed = moment_column("placed_at", "Placed")
    accepted = moment_column("accepted_at", "Accepted")
    finished = moment_column("finished_at", "Finished")
    due = moment_column("not_before", "Not sent before")
    total_usd = usd_column("total", "Set aside")
    price_usd = usd_column("price", "Price of a number")
    cost_usd = usd_column("cost", "Expected cost of a number")
    full_flag = lines_column("flag", "What is odd")
    evidence_text = lines_column("evidence", "What our balance there says of a call that was not answered")
    again = lines_column("phone", "Number to use again")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Purchase]:
        purchases: QuerySet[Purchase] = super().get_queryset(request)
        return purchases.select_related("customer")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        # A number of the vendor's is in one of several rows beside the purchase.
        found, _may_repeat = super().get_search_results(request, queryset, search_term)
        return found, True

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        pk = unquote(object_id)
        tables: dict[str, Any] = {}
        if pk.isascii() and pk.isdigit() and len(pk) < 19:
            tables = {
                "places": _places(int(pk)),
                "timeline": _timeline(PurchaseEvent.objects.filter(purchase_id=int(pk))),
                "attempts": _attempts(Attempt.objects.filter(purchase_id=int(pk))),
                "attempts_list": reverse("admin:sms_attempt_changelist") + f"?purchase__id__exact={pk}",
                "timeline_list": reverse("admin:sms_purchaseevent_changelist") + f"?purchase__id__exact={pk}",
                "shown": SHOWN,
            }
        return super().change_view(request, object_id, form_url, {**tables, **(extra_context or {})})

    @display(description="State", ordering="state")
    def label(self, purchase: Purchase) -> SafeString:
        if purchase.state == states.PLACED and purchase.below_cost == BelowCost.HELD:
            return pill("Held back: below cost", "warning")
        return pill(purchase.get_state_display(), PURCHASE_STATES[purchase.state])

    @display(description="What")
    def what(self, purchase: Purchase) -> SafeString:
        site, flag = Truncator(purchase.site_name).chars(60), Truncator(purchase.flag).chars(60)
        return format_html(
            '<div class="min-w-52">{} × {}, {}<div class="text-orange-700 text-xs dark:text-orange-400">{}</div></div>',
            purchase.quantity,
            site,
            purchase.country_name,
            flag,
        )

    @display(description="Customer")
    def customer_page(self, purchase: Purchase) -> SafeString:
        return page_link("accounts_user_change", purchase.customer_id, purchase.customer)

    @display(description="For")
    def project_page(self, purchase: Purchase) -> SafeString:
        return page_link("sms_project_change", purchase.project_id, f"{purchase.site_name}, {purchase.country_name}")

    @display(description="What the customer was told")
    def reason_text(self, purchase: Purchase) -> str:
        return purchase.get_reason_display() if purchase.reason else NOTHING


def _places(purchase_id: int) -> dict[str, Any]:
    """Each number's place: its money, and the number that came."""
    slots = Slot.objects.filter(purchase_id=purchase_id).select_related("hold", "number").order_by("position")
    return {
        "headers": ["Place", "Hold", "Its money", "Number", "State", "The vendor charged"],
        "rows": [_place(slot) for slot in slots],
    }


def _place(slot: Slot) -> list[Any]:
    hold = slot.hold
    money = {
        "OPEN": f"{usd(hold.amount)} on hold",
        "CAPTURED": f"{usd(hold.captured)} paid" + (f", {usd(hold.refunded)} refunded" if hold.refunded else ""),
        "RELEASED": f"{usd(hold.amount)} back with the customer",
    }[hold.state]
    number: Number | None = getattr(slot, "number", None)
    came: list[Any] = [NOTHING, NOTHING, NOTHING]
    if number is not None:
        came = [
            page_link("sms_number_change", number.pk, number),
            pill(number.get_state_display(), NUMBER_STATES[number.state]),
            usd(number.upstream_charge),
        ]
    return [str(slot.position), page_link("wallet_hold_change", hold.pk, hold.key), money, *came]


def _timeline(events: QuerySet[PurchaseEvent]) -> dict[str, Any]:
    newest = events.select_related("actor").order_by("-pk")[:SHOWN]
    return {
        "headers": ["When", "By", "What"],
        "rows": [[unbroken(moment(event.at)), str(event.actor or "The shop"), event.note] for event in newest],
    }


def _attempts(attempts: QuerySet[Attempt]) -> dict[str, Any]:
    newest = attempts.order_by("-pk")[:SHOWN]
    return {
        "headers": ["When", "Outcome", "Took", "What came back", "What was sent"],
        "rows": [
            [
                page_link("sms_attempt_change", attempt.pk, unbroken(moment(attempt.started_at))),
                pill(attempt.get_outcome_display(), OUTCOMES[attempt.outcome]),
                unbroken(took(attempt.started_at, attempt.finished_at)),
                attempt.detail or NOTHING,
                _pretty(attempt.request),
            ]
            for attempt in newest
        ],
    }


def _pretty(request: Any) -> SafeString:
    return format_html('<pre class="shop-code">{}</pre>', json.dumps(request, indent=2, ensure_ascii=False))


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = ("number", "started", "purchase_page", "label", "took", "short_detail")
    list_filter = ("outcome", "started_at")
    search_fields = ("detail",)
    search_numbers = ("pk", "purchase_id")
    search_help_text = "Number, number of the purchase, or words of the answer"
    fields = (("purchase_page", "label"), ("started", "finished", "took"), "answer", "sent", "claim")
    readonly_fields = ("purchase_page", "label", "started", "finished", "took", "answer", "sent")

    answer = lines_column("detail", "What came back")
    number = number_column()
    started = moment_column("started_at", "Started", exact=True)
    finished = moment_column("finished_at", "Finished", exact=True)
    short_detail = text_column("detail", "What came back", most=90)

    @display(description="Purchase", ordering="purchase_id")
    def purchase_page(self, attempt: Attempt) -> SafeString:
        return page_link("sms_purchase_change", attempt.purchase_id, f"Purchase {attempt.purchase_id}")

    @display(description="Outcome", ordering="outcome")
    def label(self, attempt: Attempt) -> SafeString:
        return pill(attempt.get_outcome_display(), OUTCOMES[attempt.outcome])

    @display(description="Took")
    def took(self, attempt: Attempt) -> str:
        return took(attempt.started_at, attempt.finished_at)

    @display(description="What was sent, without the key")
    def sent(self, attempt: Attempt) -> SafeString:
        return _pretty(attempt.request)


@admin.register(PurchaseEvent)
class PurchaseEventAdmin(ReadOnlyAdmin):
    list_display = ("when", "purchase_page", "actor", "short_note")
    list_filter = ("at",)
    list_select_related = ("actor",)
    search_fields = ("note", "actor__email")
    search_numbers = ("purchase_id",)
    search_help_text = "Number of the purchase, words of a note, or an operator's e-mail address"
    ordering = ("-pk",)
    fields = (("when", "purchase_page", "actor"), "full_note")
    readonly_fields = ("when", "purchase_page", "full_note")

    when = moment_column("at", "When", exact=True)
    full_note = lines_column("note", "Note")
    short_note = text_column("note", "Note", most=90)

    @display(description="Purchase", ordering="purchase_id")
    def purchase_page(self, event: PurchaseEvent) -> SafeString:
        return page_link("sms_purchase_change", event.purchase_id, f"Purchase {event.purchase_id}")


# ── Numbers ────────────────────────────────────────────────────────────────────────────────────────


class LossFilter(admin.SimpleListFilter):
    """Numbers that the vendor charged for although no customer paid."""

    title = "loss"
    parameter_name = "loss"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "The vendor charged, the customer did not pay")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Number]) -> QuerySet[Number]:
        lost = {"state__in": states.UNPAID, "upstream_charge__gt": 0}
        return queryset.filter(**lost) if self.value() == "yes" else queryset


@admin.register(Number)
class NumberAdmin(ReadOnlyAdmin, ActsAdmin):
    list_display = ("number", "received", "phone_text", "what", "label", "paid", "charged")
    list_display_links = ("number",)
    list_filter = ("state", LossFilter, "received_at")
    list_select_related = ("purchase__customer", "slot__hold")
    search_fields = ("phone", "e164", "purchase__customer__email", "purchase__site_name")
    search_numbers = ("pk", "upstream_id", "purchase_id")
    search_help_text = "Number of ours or of the vendor's, of the purchase, phone, e-mail address, site"
    ordering = ("-pk",)
    readonly_fields = (
        *("phone_text", "label", "purchase_page", "customer_page", "hold_page", "messages_text", "full_flag"),
        *("paid", "charged", "earned", "vendor_number", "vendor_status"),
        *("received", "expires", "first_code", "finished", "changed", "next_poll", "as_written"),
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("phone_text", "label", "messages_text"),
                    ("purchase_page", "customer_page"),
                    ("received", "first_code", "expires", "finished"),
                )
            },
        ),
        ("Money", {"fields": (("paid", "charged", "earned"), "hold_page")}),
        (
            "At the vendor",
            {
                "fields": (
                    ("vendor_number", "vendor_status", "as_written"),
                    "full_flag",
                    ("next_poll", "poll_failures", "changed"),
                )
            },
        ),
    )

    number = number_column()
    received = moment_column("received_at", "Received")
    expires = moment_column("expires_at", "Waits until")
    first_code = moment_column("first_code_at", "First code", exact=True)
    finished = moment_column("finished_at", "Ended")
    changed = moment_column("changed_at", "Last news for the customer")
    next_poll = moment_column("next_poll_at", "Asked for next", exact=True)
    full_flag = lines_column("flag", "What is odd about the vendor's answers")
    vendor_status = lines_column("upstream_status", "Its word")
    as_written = lines_column("phone", "Phone as the vendor wrote it")
    charged = usd_column("upstream_charge", "Vendor charged")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Number]:
        numbers: QuerySet[Number] = super().get_queryset(request)
        return numbers.select_related("purchase__customer", "slot__hold")

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.messages_view)
        return [path("<path:object_id>/messages/", page, name="sms_number_messages"), *super().get_urls()]

    def buttons(self, request: HttpRequest, row: Number) -> list[dict[str, Any]]:
        buttons = super().buttons(request, row)
        if request.user.has_perm("sms.view_message") and row.texts_removed_at is None and row.messages.exists():
            link = reverse("admin:sms_number_messages", args=[row.pk])
            buttons.append(button("Show messages", link, icon="visibility"))
        return buttons

    def messages_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the customer received, in clear, after a yes that goes into the history."""
        number = self.get_object(request, unquote(object_id))
        if number is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not (self.has_view_permission(request, number) and request.user.has_perm("sms.view_message")):
            raise PermissionDenied
        page: dict[str, Any] = {"title": f"Messages to {number}", "original": number, "back": self.page_of(number)}
        if request.method != "POST":
            says = [
                "These are codes that open the customer's accounts. Look only when they asked for help.",
                "That you looked is kept in the number's history. No money moves.",
            ]
            return show_page(self, request, says=says, button="Show the messages", **page)
        came = list(number.messages.all())
        self.log_change(request, number, f"Looked at its {len(came)} messages.")
        items = [{"text": _message(each.received_at, each.code, each.text)} for each in came]
        return show_page(self, request, says=[], items=items, **page)

    @display(description="Phone", ordering="e164")
    def phone_text(self, number: Number) -> SafeString:
        return unbroken(number)

    @display(description="For")
    def what(self, number: Number) -> SafeString:
        purchase = number.purchase
        text = f"{Truncator(purchase.site_name).chars(40)}, {purchase.country_name}"
        return _stacked(text, purchase.customer)

    @display(description="State", ordering="state")
    def label(self, number: Number) -> SafeString:
        return pill(number.get_state_display(), NUMBER_STATES[number.state])

    @display(description="Vendor's number", ordering="upstream_id")
    def vendor_number(self, number: Number) -> str:
        return str(number.upstream_id)

    @display(description="Paid")
    def paid(self, number: Number) -> str:
        hold = number.slot.hold
        return usd(hold.captured - hold.refunded) if number.state in states.PAID else NOTHING

    @display(description="Left of it")
    def earned(self, number: Number) -> str:
        """What the customer paid less the vendor's own charge: below zero where no code came and it charged."""
        if number.state == states.WAITING or number.upstream_charge is None:
            return NOTHING
        hold = number.slot.hold
        return usd(hold.captured - hold.refunded - number.upstream_charge)

    @display(description="Messages")
    def messages_text(self, number: Number) -> str:
        removed = f", removed on {moment(number.texts_removed_at)}" if number.texts_removed_at else ""
        return f"{number.messages.count()}{removed}"

    @display(description="Purchase")
    def purchase_page(self, number: Number) -> SafeString:
        purchase = number.purchase
        return page_link("sms_purchase_change", purchase.pk, f"Purchase {purchase.pk}: {purchase.site_name}")

    @display(description="Customer")
    def customer_page(self, number: Number) -> SafeString:
        return page_link("accounts_user_change", number.purchase.customer_id, number.purchase.customer)

    @display(description="Hold")
    def hold_page(self, number: Number) -> SafeString:
        return page_link("wallet_hold_change", number.slot.hold_id, number.slot.hold.key)


def _message(received_at: datetime, code: str, text: str) -> str:
    return "\n".join(part for part in (moment(received_at), code, text) if part)


class LowFilter(admin.SimpleListFilter):
    """Whoever has many numbers and few codes."""

    title = "success"
    parameter_name = "success"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("low", f"Below {settings.SMS_SUCCESS_BELOW} %, from {settings.SMS_SUCCESS_FROM} numbers")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SuccessRate]) -> QuerySet[SuccessRate]:
        if self.value() != "low":
            return queryset
        return queryset.filter(numbers__gte=settings.SMS_SUCCESS_FROM, percent__lt=settings.SMS_SUCCESS_BELOW)


@admin.register(SuccessRate)
class SuccessRateAdmin(ReadOnlyAdmin):
    """How many of each customer's numbers got a code in the last days (SMS_SUCCESS_DAYS)."""

    list_display = ("customer", "share", "codes", "numbers", "counted")
    list_filter = (LowFilter,)
    list_select_related = ("customer",)
    search_fields = ("customer__email",)
    search_numbers = ("customer_id",)
    ordering = ("percent", "-numbers")
    fields = (("customer", "share"), ("codes", "numbers", "counted"))
    readonly_fields = ("share", "counted")

    counted = moment_column("counted_at", "Counted")

    @display(description="Got a code", ordering="percent")
    def share(self, rate: SuccessRate) -> str:
        return f"{rate.percent} %"
