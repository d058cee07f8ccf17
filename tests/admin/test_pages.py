"""Every page of the admin opens for an operator, shows hostile text as text, and is closed to everybody else."""

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from tests.admin.conftest import HOSTILE

pytestmark = pytest.mark.django_db

OURS = [
    *("core", "accounts", "notices", "wallet", "catalog", "orders", "desk", "upstream", "auth", "account", "mfa"),
    "privacy",
]
MODELS = sorted(m._meta.label_lower for m in admin.site._registry if m._meta.app_label in OURS)
READ_ONLY = [
    *("wallet.account", "wallet.transfer", "wallet.hold", "orders.order", "orders.attempt", "orders.orderevent"),
    *("orders.delivereditem", "catalog.pricechange", "catalog.syncrun", "upstream.balancereading", "core.alert"),
    *("orders.promotionuse", "desk.request", "notices.notice", "privacy.deletion"),
    *("core.staffact", "accounts.suspension", "accounts.staffnote"),
]


def registered(label):
    return next(m for m in admin.site._registry if m._meta.label_lower == label)


def address(label, page, *args):
    app, name = label.split(".")
    return reverse(f"admin:{app}_{name}_{page}", args=args)


def test_every_model_is_there_and_speaks_unfold():
    from unfold.admin import ModelAdmin

    assert {"orders.order", "wallet.transfer", "accounts.user", "auth.group", "account.emailaddress"} <= set(MODELS)
    assert all(isinstance(page, ModelAdmin) for page in admin.site._registry.values())


# One test each, not one a model: making a row of every table takes longer than asking for all pages. That each page
# opens, with hostile text as text, and changes nothing: `tests/security/test_the_desk.py`.
def test_a_list_can_be_searched(desk, everything):
    for label in MODELS:
        for query in ["?q=7001+customer@example.com", "?q=%23" + "9" * 30, "?q=%00"]:
            answer = desk.get(address(label, "changelist") + query, follow=True)
            assert answer.status_code == 200, (label, query)
            assert HOSTILE not in answer.content.decode(), (label, query)


def test_a_row_that_is_not_there_is_said_to_be_missing(desk, db):
    for label in MODELS:
        for nothing in ["999999", "nonsense"]:
            answer = desk.get(address(label, "change", nothing))
            assert answer.status_code == 302, label
            assert ["exist" in str(message) for message in get_messages(answer.wsgi_request)][-1:] == [True], label


def test_books_orders_and_records_are_read_only_even_for_superusers(desk, everything):
    for label in READ_ONLY:
        row = registered(label)._default_manager.first()
        assert desk.get(address(label, "add")).status_code == 403, label
        assert desk.post(address(label, "add"), {}).status_code == 403, label
        assert desk.post(address(label, "delete", row.pk), {"post": "yes"}).status_code == 403, label
        assert desk.post(address(label, "change", row.pk), {}).status_code == 403, label
        many = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        desk.post(address(label, "changelist"), many)
        assert registered(label)._default_manager.filter(pk=row.pk).exists(), label


def test_what_others_name_is_never_deleted(desk, everything):
    for label in ["catalog.service", "catalog.category", "catalog.subcategory", "accounts.user"]:
        row = registered(label)._default_manager.first()
        assert desk.post(address(label, "delete", row.pk), {"post": "yes"}).status_code == 403, label
        assert registered(label)._default_manager.filter(pk=row.pk).exists(), label


def _addresses(everything):
    yield reverse("admin:index")
    for label in MODELS:
        yield address(label, "changelist")
        row = registered(label)._default_manager.first()
        if row:
            yield address(label, "change", row.pk)
    for act in ["found", "send_again", "give_up", "ask", "finish", "refund", "items"]:
        yield reverse(f"admin:orders_order_{act}", args=[everything["UNCERTAIN"].pk])
    yield reverse("admin:wallet_account_adjust", args=[everything["UNCERTAIN"].customer_id])
    yield reverse("admin:catalog_syncrun_synchronise")


def test_customers_get_403_and_visitors_the_shops_own_log_in(client, shopper, everything):
    for page in _addresses(everything):
        for method in ("get", "post"):
            refused = getattr(shopper, method)(page, follow=True)
            assert refused.status_code == 403, page
            assert "customer@example.com" not in refused.content.decode().split("</header>")[-1]
            sent = getattr(client, method)(page)
            assert sent.status_code == 302, page
            assert sent.headers["Location"].startswith((reverse("account_login"), reverse("admin:login"))), page


def test_operators_log_in_where_everybody_does_and_land_where_they_wanted(client, operator):
    orders = reverse("admin:orders_order_changelist")
    form = client.get(orders, follow=True)
    assert form.redirect_chain[-1][0].startswith(reverse("account_login"))
    answer = client.post(
        form.redirect_chain[-1][0], {"login": "operator@example.com", "password": "a long enough passphrase"}
    )
    assert answer.status_code == 302
    assert client.get(orders).status_code == 200


def test_staff_without_rights_see_nothing_and_can_do_nothing(client, everything):
    clerk = User.objects.create_user("clerk@example.com", "x", is_staff=True)
    client.force_login(clerk)
    assert client.get(reverse("admin:index")).status_code == 200
    for page in _addresses(everything):
        if page != reverse("admin:index"):
            assert client.get(page).status_code == 403, page
            assert client.post(page, {}).status_code == 403, page


@pytest.mark.parametrize(
    "label",
    [
        "orders.order",
        "orders.attempt",
        "orders.orderevent",
        "wallet.transfer",
        "wallet.hold",
        "wallet.account",
        "catalog.service",
    ],
)
def test_a_list_asks_as_often_for_many_rows_as_for_few(desk, make, label):
    def count():
        desk.get(address(label, "changelist"))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert desk.get(address(label, "changelist")).status_code == 200
        return len(queries)

    make.ended()
    few = count()
    for _ in range(6):
        make.ended()
    for number in range(5):
        user = User.objects.create_user(f"someone{number}@example.com", "x")
        from wallet import ledger

        ledger.account_of(user)
    for number in range(5):
        make.service.pk, make.service.upstream_id = None, 8000 + number
        make.service.save(force_insert=True)
    assert count() == few


def test_a_number_finds_an_order_by_ours_and_by_the_vendors(desk, make):
    first, second = make.running(upstream_id=424242), make.running(upstream_id=171717)
    for term in [str(first.pk), f"#{first.pk}", "424242", first.reference, first.reference.lower(), "example.com/1?"]:
        answer = desk.get(reverse("admin:orders_order_changelist"), {"q": term})
        found = {row.pk for row in answer.context["cl"].result_list}
        assert first.pk in found, term
        assert second.pk not in found or term == str(first.pk), term


def test_the_first_page_counts_what_waits(desk, make):
    make.uncertain()
    make.uncertain()
    answer = desk.get(reverse("admin:index"))
    counts = {matter["title"]: matter["count"] for matter in answer.context["waiting"]}
    assert counts["Open alerts"] == counts["Uncertain orders"] == 2
    assert set(counts) == {"Open alerts", "Uncertain orders"}
    assert b"Uncertain orders" in answer.content
    assert b"Nothing waits" not in answer.content


def test_where_nothing_waits_one_line_says_so_and_never_that_all_is_well_while_it_is_not(desk, now, monkeypatch):
    from reseller import dashboard
    from reseller.dashboard_health import Sign

    page = desk.get(reverse("admin:index"))
    assert page.context["waiting"] == []
    shown = page.content.decode()
    assert "Nothing waits for a person." in shown
    assert "Look at the shop’s health." in shown  # no worker was ever seen
    assert "All well" not in shown
    monkeypatch.setattr(dashboard, "signs", lambda now: [Sign("Worker", "Seen", True)])
    shown = desk.get(reverse("admin:index")).content.decode()
    assert "All well: nothing waits for a person, and everything runs." in shown
    assert "Look at the shop’s health." not in shown
    monkeypatch.setattr(dashboard, "_vendor", lambda: {"well": False, "headline": "Calls are paused.", "facts": []})
    assert "All well" not in desk.get(reverse("admin:index")).content.decode()


def test_an_orders_page_shows_its_timeline_and_every_call(desk, make):
    order = make.running()
    text = desk.get(address("orders.order", "change", order.pk)).content.decode()
    for words in ["Nobody knows whether the vendor has it", "Resolved by an operator", "Unanswered", "&quot;quantity"]:
        assert words in text


def test_the_text_of_goods_is_shown_only_after_a_yes_and_that_is_kept(desk, everything):
    goods = everything["GOODS"]
    item = goods.items.get()
    for page in [
        address("orders.order", "change", goods.pk),
        address("orders.delivereditem", "changelist"),
        address("orders.delivereditem", "change", item.pk),
        reverse("admin:orders_order_items", args=[goods.pk]),
    ]:
        assert "name:pass" not in desk.get(page).content.decode()
    shown = desk.post(reverse("admin:orders_order_items", args=[goods.pk])).content.decode()
    assert "name:pass &lt;script&gt;" in shown
    assert HOSTILE not in shown
    history = desk.get(address("orders.order", "history", goods.pk)).content.decode()
    assert "Looked at its 1 delivered items." in history
