"""The protocol's codes in the admin: what bots ask for a site or a country by."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from api.handler import codes
from api.handler.models import CountryCode, ServiceCode
from catalog.admin.base import NothingDeleted


@admin.register(ServiceCode)
class ServiceCodeAdmin(NothingDeleted):
    list_display = ("site", "code")
    list_editable = ("code",)
    list_select_related = ("site",)
    search_fields = ("code__iexact", "site__name", "site__folded")
    search_help_text = "Site or code"
    fields = (("site", "code"),)
    readonly_fields = ("site",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ServiceCode]:
        codes.fill()  # what the last sync brought is to be seen here before the first bot asks for it
        rows: QuerySet[ServiceCode] = super().get_queryset(request)
        return rows


@admin.register(CountryCode)
class CountryCodeAdmin(NothingDeleted):
    list_display = ("country", "number")
    list_editable = ("number",)
    list_select_related = ("country",)
    search_fields = ("country__name", "country__code__iexact", "country__region__iexact")
    search_numbers = ("number",)
    search_help_text = "Country, its code, or its number in the protocol"
    fields = (("country", "number"),)
    readonly_fields = ("country",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CountryCode]:
        codes.fill()
        rows: QuerySet[CountryCode] = super().get_queryset(request)
        return rows
