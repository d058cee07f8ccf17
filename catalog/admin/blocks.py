"""The blocklist in the admin: what is not sold and to which links, with the reason that customers read; who tried."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from catalog import blocked
from catalog.search import fold
from conduct.hosts import domain, folded
from conduct.models import Block, Hit
from core.admin_base import NOTHING, ReadOnlyAdmin, ShopAdmin, count_column, list_link, moment_column, text_column

_LONGEST = 600


class BlockForm(forms.ModelForm):
    """One entry: what is typed is brought into the form in which it is compared."""

    class Meta:
        model = Block
        fields = ("kind", "value", "reason", "reason_zh", "note", "active")
        help_texts = {
            "value": "A domain covers all below it, however it is spelt. Words are found anywhere in a link or a name, "
            "whatever their case.",
        }

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        kind, value = given.get("kind"), given.get("value")
        if not kind or not value:
            return given
        try:
            match = _match(kind, value)
        except ValueError as error:
            self.add_error("value", str(error))
            return given
        if not match or len(match) > _LONGEST:
            self.add_error("value", "Enter something shorter that has letters or digits in it.")
        elif Block.objects.filter(kind=kind, match=match).exclude(pk=self.instance.pk).exists():
            self.add_error("value", "There is such an entry already.")
        self.instance.match = match
        return given


def _match(kind: str, value: str) -> str:
    """The value as it is compared. Raises `ValueError`."""
    if kind == Block.Kind.DOMAIN:
        return domain(value)
    if kind == Block.Kind.COUNTRY:
        return value.strip().lower()
    return folded(value).strip() if kind == Block.Kind.WORD else fold(value).strip()


@admin.register(Block)
class BlockAdmin(ShopAdmin):
    form = BlockForm
    list_display = ("value", "kind", "active", "hits_count", "last_hit", "short_reason")
    list_editable = ("active",)
    list_filter = ("kind", "active")
    search_fields = ("value", "match", "note", "reason")
    search_help_text = "The entry, its reason or its note"
    fieldsets = (
        (None, {"fields": (("kind", "value"), "active")}),
        ("Why", {"fields": (("reason", "reason_zh"), "note")}),
        ("Who tried", {"fields": (("hits_count", "last_hit", "who"),)}),
    )
    readonly_fields = ("hits_count", "last_hit", "who")

    hits_count = count_column("hits", "Times tried")
    last_hit = moment_column("last_hit_at", "Last tried")
    short_reason = text_column("reason", "Reason", most=60)

    @display(description="Who")
    def who(self, block: Block) -> SafeString | str:
        return list_link("conduct_hit_changelist", "Who tried what", block__id__exact=block.pk) if block.pk else NOTHING

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        if change:
            obj.save(update_fields=[*form.changed_data, "match"])
        else:
            obj.save()
        self._mark(request)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        obj.delete()
        self._mark(request)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for block in queryset:
            block.delete()
        self._mark(request)

    def _mark(self, request: HttpRequest) -> None:
        count = blocked.mark()
        words = f"The blocklist holds at once. Services that it keeps from being sold: {count:,}."
        self.message_user(request, words, messages.INFO)


@admin.register(Hit)
class HitAdmin(ReadOnlyAdmin):
    """Who tried to buy what is not sold; so many an entry, the oldest go."""

    list_display = ("last", "customer", "block", "short_what", "times")
    list_filter = ("block__kind", "last_at")
    list_select_related = ("customer", "block")
    search_fields = ("what", "customer__email", "block__value")
    search_help_text = "Link, customer or entry"
    fields = (("block", "customer"), "what", ("times", "first", "last"))
    readonly_fields = ("first", "last")

    first = moment_column("first_at", "First")
    last = moment_column("last_at", "Last")
    short_what = text_column("what", "What")
