"""Categories and subcategories in the admin."""

from typing import Any

from django import forms
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
from catalog.override import renamed_category
from core.admin_base import (
    NOTHING,
    ShopAdmin,
    list_link,
)


class CategoryForm(forms.ModelForm):
    """A category: one of the vendor's with a name of ours, or one of ours alone."""

    class Meta:
        model = Category
        fields = ("name", "name_zh", "position", "hidden", "warranty_days", "new_services")
        help_texts = {"name": "As customers read it, whatever the vendor calls it."}

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        if Category.objects.filter(name=name).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("There is a category of this name already.")
        return name


@admin.register(Category)
class CategoryAdmin(NothingDeleted):
    form = CategoryForm
    list_display = ("name", "name_zh", "vendors_name", "position", "hidden", "warranty_days", "services")
    list_editable = ("position", "hidden")
    list_filter = ("hidden",)
    search_fields = ("name", "name_zh", "vendor_name")
    fields = (
        ("name", "name_zh", "vendors_name"),
        ("position", "hidden", "warranty_days"),
        ("new_services", "services"),
    )
    readonly_fields = ("vendors_name", "services")

    @display(description="The vendor's name", ordering="vendor_name")
    def vendors_name(self, category: Category) -> str:
        return category.vendor_name or "One of your own"

    @display(description="Services")
    def services(self, category: Category) -> SafeString | str:
        if category.pk is None:
            return NOTHING
        return list_link("catalog_service_changelist", "Its services", category__id__exact=category.pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return ShopAdmin.has_add_permission(self, request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # The vendor's would come back with the next sync. Django refuses where services or rules name it.
        own = obj is not None and obj.vendor_name is None
        return own and ShopAdmin.has_delete_permission(self, request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        if {"name", "name_zh"} & set(form.changed_data):
            renamed_category(obj)


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
