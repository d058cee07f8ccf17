"""Every address of the shop."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from funds.notices import notice as funds_notice
from reseller import brand, health
from storefront.views import front

# Operators log in where everybody does: with the same rate limits and, where set up, two factors.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", front, name="front"),
    path("", include("storefront.urls")),
    path("services/", include("catalog.urls")),
    path("", include("orders.urls")),
    path("numbers/", include("sms.urls")),
    path("wallet/", include("wallet.urls")),
    path("wallet/", include("funds.urls")),
    path("payments/process/<slug:variant>/", funds_notice, name="static_process_payment"),
    path("account/", include("accounts.urls")),
    path("", include("notices.urls")),
    path("help/", include("desk.urls")),
    path("", include("api.urls")),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
    path("brand.css", brand.stylesheet, name="brand"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
