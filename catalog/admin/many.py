"""Services changed many at once from their list: shown, hidden, moved, priced, renamed, and the vendor's again."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from catalog import hide
from catalog.admin_service_forms import ManyForm, RenameForm, ResetForm
from catalog.models import Service
from catalog.override import TooLow, override
from catalog.rename import Renamed, digest, renamed
from catalog.resume import resume
from core.admin_base import ShopAdmin

# More than this are not changed in one go: narrow the list, or change a category.
MOST = 5000
SHOWN = 50


class ManyServices(ShopAdmin):
    """The acts on chosen services."""

    actions = ("hide", "show", "change_many", "rename_many", "reset_many", "put_back_on_sale")

    def _hidden(self, request: HttpRequest, queryset: QuerySet[Service], hidden: bool) -> None:
        word, act = ("Hidden", hide.hide) if hidden else ("Shown", hide.show)
        chosen = list(queryset.values_list("pk", flat=True))
        changing = list(queryset.exclude(hidden=hidden, held=False))
        with transaction.atomic():
            count = act(service_ids=chosen, now=timezone.now())
            self.log_changes(request, changing, f"{word}.")
        self.message_user(request, f"{word}: {count:,} of {len(chosen):,} chosen.", messages.SUCCESS)

    @admin.action(description="Hide from customers", permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Service]) -> None:
        self._hidden(request, queryset, True)

    @admin.action(description="Show to customers", permissions=["change"])
    def show(self, request: HttpRequest, queryset: QuerySet[Service]) -> None:
        self._hidden(request, queryset, False)

    @admin.action(description="Put back on sale (suspended ones)", permissions=["change"])
    def put_back_on_sale(self, request: HttpRequest, queryset: QuerySet[Service]) -> None:
        with transaction.atomic():
            back = [service for service in queryset if resume(service_id=service.pk, now=timezone.now())]
            self.log_changes(request, back, "Put back on sale.")
        self.message_user(request, f"{len(back)} back on sale.", messages.SUCCESS if back else messages.WARNING)

    @admin.action(description="Change category, price, place, description …", permissions=["change"])
    def change_many(self, request: HttpRequest, queryset: QuerySet[Service]) -> HttpResponse | None:
        says = ["What you enter holds for each of them, and stays when the vendor's catalogue is copied again."]
        return self._many(request, queryset, ManyForm, "Change services", says)

    @admin.action(description="The vendor’s name, category or price again …", permissions=["change"])
    def reset_many(self, request: HttpRequest, queryset: QuerySet[Service]) -> HttpResponse | None:
        says = ["What you said of them is taken back; what the vendor says holds again at once."]
        return self._many(request, queryset, ResetForm, "The vendor’s again", says)

    def _many(
        self,
        request: HttpRequest,
        queryset: QuerySet[Service],
        form_class: Callable[..., Any],
        title: str,
        says: list[str],
    ) -> HttpResponse | None:
        if self._too_many(request, queryset):
            return None
        form = form_class(request.POST if "apply" in request.POST else None)
        if form.is_bound and form.is_valid():
            services = list(queryset)
            names = ", ".join(sorted(form.wish)).replace("_id", "").replace("_", " ")
            try:
                with transaction.atomic():
                    count = override(wishes={each.pk: form.wish for each in services}, now=timezone.now())
                    self.log_changes(request, services, f"{title}: {names}.")
            except TooLow as error:
                form.add_error("price", str(error))
            else:
                self.message_user(request, f"{title}: {count:,} of {len(services):,} changed.", messages.SUCCESS)
                return None
        return self._page(request, queryset, form, title=title, says=says, button=title)

    @admin.action(description="Rename: find and replace …", permissions=["change"])
    def rename_many(self, request: HttpRequest, queryset: QuerySet[Service]) -> HttpResponse | None:
        if self._too_many(request, queryset):
            return None
        form = RenameForm(request.POST if "apply" in request.POST else None)
        rows: list[Renamed] = []
        stale = ""
        if form.is_bound and form.is_valid() and "edit" not in request.POST:
            rows = renamed(queryset.order_by("pk"), **form.cleaned_data)
            bad = [row for row in rows if row.problem]
            if not rows:
                form.add_error("find", "None of the chosen services has these words in its name.")
            elif bad:
                form.add_error("replace", f"{bad[0].problem} Service {bad[0].service.pk}: {bad[0].old[:100]}")
                rows = []
            elif request.POST.get("confirmed") == digest(rows):
                with transaction.atomic():
                    count = override(wishes={row.service.pk: row.wish for row in rows}, now=timezone.now())
                    self.log_changes(request, [row.service for row in rows], "Renamed.")
                self.message_user(request, f"Renamed: {count:,}. Syncs leave the names as they are.", messages.SUCCESS)
                return None
            elif request.POST.get("confirmed"):
                stale = "Names changed while you looked. This is what it would do now."
        table = {
            "headers": ["Service", "Name now", "Name then"],
            "rows": [[str(row.service.pk), row.old, row.new] for row in rows[:SHOWN]],
        }
        more = len(rows) - SHOWN
        return self._page(
            request,
            queryset,
            form,
            title="Rename services",
            says=[f"{len(rows):,} get another name" + (f"; the first {SHOWN} are:" if more > 0 else ":")]
            if rows
            else [],
            button=f"Rename {len(rows):,}" if rows else "Look at the names",
            table=table if rows else None,
            digest=digest(rows) if rows else "",
            stale=stale,
        )

    def _too_many(self, request: HttpRequest, queryset: QuerySet[Service]) -> bool:
        count = queryset.count()
        if count > MOST:
            words = f"These are {count:,}; at most {MOST:,} are changed at once. Nothing was changed: narrow the list."
            self.message_user(request, words, messages.WARNING)
        return count > MOST

    def _page(
        self, request: HttpRequest, queryset: QuerySet[Service], form: Form, *, title: str, button: str, **more: Any
    ) -> HttpResponse:
        """The form, with what was chosen going along."""
        return TemplateResponse(
            request,
            "admin/catalog/many.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": title,
                "media": self.media,
                "form": form,
                "count": queryset.count(),
                "action": request.POST.get("action", ""),
                "across": request.POST.get("select_across", "0"),
                "chosen": request.POST.getlist(ACTION_CHECKBOX_NAME),
                "checkbox": ACTION_CHECKBOX_NAME,
                "button": button,
                "back": request.get_full_path(),
                **more,
            },
        )
