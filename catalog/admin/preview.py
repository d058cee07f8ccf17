"""Rules are previewed before they are saved or deleted: the page with real prices, and the yes that belongs to it."""

from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.decorators import display

from catalog import lock
from catalog.admin.price_table import preview_table
from catalog.admin_forms import RuleForm
from catalog.preview import Preview
from core.admin_base import ShopAdmin, usd_column

PAGE = 20
# What the preview's own form sends beside what the rule's form had.
OURS = ("csrfmiddlewaretoken", "confirmed", "look", "edit", "words", "page", "page_now")
STALE = "Prices or rules changed while you looked. This is what it would do now: look once more."


WHAT_IT_ADDS = ("What it adds", {"fields": (("percent", "fixed"), ("minimum_margin", "rounding"))})


class PreviewedRules(ShopAdmin):
    """A rule's page: saving leads to the preview, and only its yes writes anything."""

    noun = "services"
    # What is told of purchases that were made before.
    kept: ClassVar[str]
    form: ClassVar[type[RuleForm]]
    list_display = ("place", "group", "percent_text", "fixed_usd", "minimum_usd", "rounding_usd", "active")
    list_filter = ("active", "group")

    @display(description="Percent", ordering="percent")
    def percent_text(self, rule: Any) -> str:
        return f"{rule.percent.normalize():f}%"

    fixed_usd = usd_column("fixed", "Fixed")
    minimum_usd = usd_column("minimum_margin", "Minimum margin")
    rounding_usd = usd_column("rounding", "Rounded up to")

    def preview(self, rule: Any, steps: list[tuple[int, Any]], *, gone: bool = False) -> Preview:
        """What the rule, as it stands in memory, would do; `gone`: its being deleted."""
        raise NotImplementedError

    def reprice(self) -> int:
        """Set the general prices by the rules as they are now; how many changed."""
        raise NotImplementedError

    def say_repriced(self, request: HttpRequest) -> None:
        """Set the prices, and say how many changed."""
        changed = self.reprice()
        what = {0: "No price changed.", 1: "1 price changed."}.get(changed, f"{changed:,} prices changed.")
        what = f"General prices: {what[0].lower()}{what[1:]} A group's are reckoned as they are shown."
        self.message_user(request, f"{what} {self.kept}", messages.INFO)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        found, counts, lacking, protected = super().get_deleted_objects(objs, request)
        alone = [f"{rule}. {self.form.only_rule}" for rule in objs if rule.holds_alone]
        return found, counts, lacking, [*protected, *alone]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        # Not before: a rule's steps are saved here.
        super().save_related(request, form, formsets, change)
        self.say_repriced(request)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        self.say_repriced(request)

    def get_actions(self, request: HttpRequest) -> Any:
        # Many at once would go without a preview.
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if request.method != "POST" or "edit" not in request.POST:
            return form

        class Again(form):  # type: ignore[misc,valid-type]
            """The form as it was sent, to be changed once more."""

            def clean(self) -> Any:
                super().clean()
                raise ValidationError("Nothing is saved yet. Change what you like, then look at the prices again.")

        return Again

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        if request.method != "POST" or "edit" in request.POST:
            return super().changeform_view(request, object_id, form_url, extra_context)
        with transaction.atomic():
            rule = self.get_object(request, unquote(object_id)) if object_id else None
            allowed = self.has_change_permission(request, rule) if rule else self.has_add_permission(request)
            if not allowed or (object_id and rule is None):
                return super().changeform_view(request, object_id, form_url, extra_context)
            form = self.get_form(request, rule, change=rule is not None)(request.POST, instance=rule)
            valid = form.is_valid()
            formsets, _inlines = self._create_formsets(request, form.instance, change=rule is not None)
            if not (all(formset.is_valid() for formset in formsets) and valid):
                return super().changeform_view(request, object_id, form_url, extra_context)
            lock.shelf()
            preview = self.preview(form.instance, _steps(formsets))
            if request.POST.get("confirmed") == preview.digest:
                return super().changeform_view(request, object_id, form_url, extra_context)
        return self._page(request, preview, rule, title=f"Preview: {form.instance}", button="Save it")

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        with transaction.atomic():
            rule = self.get_object(request, unquote(object_id))
            if rule is None or not self.has_delete_permission(request, rule) or rule.holds_alone:
                return super().delete_view(request, object_id, extra_context)
            lock.shelf()
            preview = self.preview(rule, [], gone=True)
            if request.method == "POST" and request.POST.get("confirmed") == preview.digest:
                return super().delete_view(request, object_id, extra_context)
        return self._page(request, preview, rule, title=f"Delete: {rule}", button="Delete it", danger=True)

    def _page(
        self, request: HttpRequest, preview: Preview, rule: Any, *, title: str, button: str, danger: bool = False
    ) -> HttpResponse:
        words = request.POST.get("words", "").strip()
        found = preview.changes
        if words:
            wanted_words = words.casefold().split()
            found = [each for each in found if all(word in each.row.name.casefold() for word in wanted_words)]
        pages = max(1, -(-len(found) // PAGE))
        wanted = request.POST.get("page", "") if "look" not in request.POST else "1"
        page = min(max(int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 9 else 1, 1), pages)
        kept = [(name, value) for name, values in request.POST.lists() if name not in OURS for value in values]
        if danger and not any(name == "post" for name, _value in kept):
            kept.append(("post", "yes"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": rule if rule and rule.pk else None,
            "title": title,
            "preview": preview,
            "noun": self.noun,
            "table": preview_table(found[(page - 1) * PAGE : page * PAGE]),
            "found": len(found),
            "words": words,
            "page": page,
            "pages": pages,
            "kept": kept,
            "button": button,
            "danger": danger,
            "stale": STALE if request.POST.get("confirmed") else "",
            "media": self.media,
            "back": "../" if danger else "",
        }
        return TemplateResponse(request, "admin/price_preview.html", context)


def _steps(formsets: list[Any]) -> list[tuple[int, Any]]:
    """What the steps' form has, the smallest first."""
    rows = [
        form.cleaned_data
        for formset in formsets
        for form in formset.forms
        if form.cleaned_data and not form.cleaned_data.get("DELETE")
    ]
    return sorted((row["from_quantity"], row["percent"]) for row in rows)
