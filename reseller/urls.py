"""Every address of the shop."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from accounts.referral_views import arrive
from catalog.views import front
from reseller import brand, health
from wallet.referral_views import referrals

# Operators log in where everybody does: with the same rate limits and, where set up, two factors.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", front, name="front"),
    path("services/", include("catalog.urls")),
    path("", include("orders.urls")),
    path("numbers/", include("sms.urls")),
    path("wallet/", include("wallet.urls")),
    path("account/referrals", referrals, name="referrals"),
    path("account/", include("accounts.urls")),
    path("r/<slug:code>", arrive, name="referral"),
    path("", include("api.urls")),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
    path("brand.css", brand.stylesheet, name="brand"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
