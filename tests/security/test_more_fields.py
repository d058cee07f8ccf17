"""A form, or a program, that sends fields that it was not asked for changes nothing by them.

Every form of every customer's page is sent once with a value for each column that any table of the shop has.
"""

from decimal import Decimal

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import models
from django.urls import reverse

from accounts.models import CustomerGroup, User
from api import keys, panel
from core.money import MoneyField
from reseller.books import audit
from tests.lived_in import PAGES
from tests.lived_in.pages import CUSTOMER, NEWCOMER
from tests.security.conftest import browser
from tests.security.markup import Page
from tests.security.poison import ROOMS
from wallet import ledger

pytestmark = pytest.mark.django_db

WORD, MONEY = "sentinel-7f3a", Decimal("77777.77")
# Fields that pages read besides those that they show at first, and forms whose sending is tried elsewhere.
READ = {"next", "text", "act", "kind", "key", "form_key", "items", "apply", "show", "everything", "since", "q"}
LEAVE_OUT = ("/accounts/logout/", "/account/delete")


def columns(stranger, group):
    """A hostile value for the name of every column."""
    found = {}
    for model in apps.get_models():
        if model._meta.app_label not in ROOMS | {"account"}:
            continue
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey):
                value = group.pk if field.related_model is CustomerGroup else stranger.pk
            elif isinstance(field, MoneyField):
                value = str(MONEY)
            elif isinstance(field, models.BooleanField):
                value = "on"
            elif field.choices:
                value = field.choices[-1][0]
            elif isinstance(field, models.IntegerField):
                value = "77777"
            else:
                value = WORD
            found[field.name] = found[field.attname] = value
    return {**found, "balance": str(MONEY), "held": "0", "price": "0.0001", "charge": "0.0001", "groups": group.pk}


def traces(stranger):
    """Rows with a word or an amount of ours, and rows that belong to the stranger."""
    found = set()
    for model in apps.get_models():
        label = model._meta.label
        if label in ("sessions.Session", "api.Call"):
            continue
        for row in model._default_manager.all():
            for field in model._meta.concrete_fields:
                value = getattr(row, field.attname)
                # An amount of a quote, or a key in some JSON, as well as the value of a column.
                if WORD in str(value) or (isinstance(field, MoneyField) and value == MONEY):
                    found.add((label, field.name))
                if isinstance(field, models.ForeignKey) and field.related_model is User and value == stranger.pk:
                    found.add((label, field.name, row.pk))
    return found


@pytest.fixture
def tried(shop):
    """The stranger, the hostile values, and what must be as it was."""
    stranger = User.objects.create_user("bystander@example.com", "x")
    ledger.account_of(stranger)
    group = CustomerGroup.objects.create(name="Cheap")
    before = traces(stranger)
    rights = list(User.objects.order_by("pk").values_list("pk", "is_staff", "is_superuser", "is_active", "group_id"))
    available = {who.pk: ledger.account_of(who).available for who in (shop.customer, shop.newcomer)}
    yield stranger, columns(stranger, group)
    assert traces(stranger) == before
    now = User.objects.order_by("pk").values_list("pk", "is_staff", "is_superuser", "is_active", "group_id")
    assert list(now) == rights
    for pk, was in available.items():
        account = ledger.account_of(User.objects.get(pk=pk))
        account.refresh_from_db()
        assert account.available <= was
    assert audit().problems == []


def test_by_any_form_of_any_page(shop, tried):
    _stranger, more = tried
    sent, seen = 0, set()
    for page in PAGES:
        if page.who not in (CUSTOMER, NEWCOMER):
            continue
        path = page.path(shop)
        opened = browser(getattr(shop, page.who)).get(path, follow=True)
        for form in Page(opened.content.decode()).forms:
            to = form.action or path
            mark = (to.split("?")[0], frozenset(form.names), page.who)
            if form.method != "post" or mark in seen or to.startswith(LEAVE_OUT):
                continue
            seen.add(mark)
            cache.clear()
            extra = {name: value for name, value in more.items() if name not in form.names | READ}
            answer = browser(getattr(shop, page.who)).post(to, {**extra, **form.values})
            assert answer.status_code < 500, (page.name, to)
            sent += 1
    assert sent > 60


@pytest.mark.parametrize("form", ["form", "json"])
def test_by_programs(shop, tried, client, form):
    _stranger, more = tried
    _key, secret = keys.make(customer=shop.customer, name="mine", now=shop.now)
    service, project = shop.services["SMM"], shop.projects[0]
    link = {"link": "https://example.com/a", "quantity": service.min, "service": service.pk}
    calls = [
        ("api:v2", {"action": "add", **link}, "order"),
        ("api:panel", {"action": "add", **link, "runs": 2, "interval": 60}, "order"),
        ("api:v2", {"action": "add_sms", "service": project.upstream_id, "quantity": 1}, ""),
        ("api:v2", {"action": "balance"}, "balance"),
        ("api:panel", {"action": "balance"}, "balance"),
        ("api:v2", {"action": "status", "order": shop.orders["GOODS"].pk}, ""),
        ("api:panel", {"action": "cancel", "order": shop.orders["RUNNING"].pk}, ""),
    ]
    own = {"action", "key", "order", "orders", "service", "link", "quantity", "country", "runs", "interval", "refill"}
    extra = {name: str(value) for name, value in more.items() if name not in own | {*panel._OTHER_TYPES}}
    for name, asked, answered in calls:
        given = {**extra, "key": secret, **asked}
        body = {"content_type": "application/json"} if form == "json" else {}
        answer = client.post(reverse(name), given, **body).json()
        assert not answered or answered in answer, (asked, answer)
    answer = client.get(reverse("api:handler"), {**extra, "api_key": secret, "action": "getBalance"})
    assert answer.content.startswith(b"ACCESS_BALANCE")
