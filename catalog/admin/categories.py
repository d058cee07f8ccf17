"""Categories and subcategories in the admin."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from catalog.admin.base import NothingDeleted
from catalog.models import (
    Category,
    Subcategory,
)
from core.admin_base import (
    list_link,
)


@admin.register(Category)
class CategoryAdmin(NothingDeleted):
    list_display = ("name", "position", "hidden", "warranty_days", "services")
    list_editable = ("position", "hidden")
    list_filter = ("hidden",)
    search_fields = ("name",)
    fields = ("name", ("position", "hidden", "warranty_days"), "services")
    readonly_fields = ("name", "services")

    @display(description="Services")
    def services(self, category: Category) -> SafeString:
        return list_link("catalog_service_changelist", "Its services", category__id__exact=category.pk)


@admin.register(Subcategory)
class SubcategoryAdmin(NothingDeleted):
    list_display = ("name", "category", "position")
    list_editable = ("position",)
    list_filter = (("category", AutocompleteSelectFilter),)
    list_filter_submit = True
    list_select_related = ("category",)
    search_fields = ("name", "category__name")
    fields = (("name", "category"), "position")
    readonly_fields = ("name", "category")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subcategory]:
        # Its name shows its category's, in choices too.
        subcategories: QuerySet[Subcategory] = super().get_queryset(request).select_related("category")
        return subcategories
