"""Every address of the shop."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from accounts.referral_views import arrive
from funds.notices import notice as funds_notice
from reseller import brand, health
from reseller.first_run import views as first_run
from reseller.observe.page import page as metrics_page
from storefront.views import front
from wallet.referral_views import referrals

# Where it was not done at the start: reseller/site.py.
admin.autodiscover()
# Operators log in where everybody does: with the same rate limits and, where set up, two factors.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.index = first_run.shown_first(admin.site.index)  # type: ignore[method-assign, assignment]

urlpatterns = [
    path("", front, name="front"),
    path("", include("storefront.urls")),
    path("services/", include("catalog.urls")),
    path("", include("orders.urls")),
    path("numbers/", include("sms.urls")),
    path("wallet/", include("wallet.urls")),
    path("wallet/", include("funds.urls")),
    path("payments/process/<slug:variant>/", funds_notice, name="static_process_payment"),
    path("account/referrals", referrals, name="referrals"),
    path("account/", include("accounts.urls")),
    path("r/<slug:code>", arrive, name="referral"),
    path("", include("notices.urls")),
    path("help/", include("desk.urls")),
    path("account/", include("privacy.urls")),
    path("terms/", include("accounts.terms_urls")),
    path("", include("api.urls")),
    # allauth has a list of log-ins of its own; ours is quick however many there are.
    path("accounts/sessions/", RedirectView.as_view(pattern_name="accounts:sessions")),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    *(
        path(f"{settings.ADMIN_PATH}/first-run/{rest}", admin.site.admin_view(view), name=name)
        for rest, name, view in first_run.URLS
    ),
    path(f"{settings.ADMIN_PATH}/", admin.site.urls),
    path("brand.css", brand.stylesheet, name="brand"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics_page, name="metrics"),
]
