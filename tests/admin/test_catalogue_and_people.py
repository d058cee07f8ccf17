"""The catalogue, alerts and people in the admin."""

from decimal import Decimal

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags
from kombu import Connection, pools

from accounts.models import User
from catalog.models import Category, MarkupRule, PriceChange, Service
from catalog.suspend import suspend
from core.models import Alert
from reseller.celery import app
from tests.admin.test_order_acts import text

pytestmark = pytest.mark.django_db

RULE = {
    **{"percent": "50", "fixed": "0", "minimum_margin": "0", "rounding": "0.0001", "active": "on"},
    **{"steps-TOTAL_FORMS": "0", "steps-INITIAL_FORMS": "0"},
}


@pytest.fixture(autouse=True)
def _no_rules(db):
    MarkupRule.objects.all().delete()


class TestServices:
    def test_what_the_vendor_says_is_not_for_editing(self, desk, service):
        page = reverse("admin:catalog_service_change", args=[service.pk])
        desk.post(page, {"hidden": "on", "name": "Mine", "price": "0.01", "state": "WITHDRAWN"})
        service.refresh_from_db()
        assert service.hidden
        assert service.price == Decimal("1.25")
        assert service.state == "ON_SALE"

    def test_cost_price_and_margin_are_shown_by_unit(self, desk, service, product):
        shown = " ".join(strip_tags(text(desk.get(reverse("admin:catalog_service_changelist")))).split())
        for words in ["$1.00 per 1,000", "$1.25 per 1,000", "$0.25 (20.0%)", "$2.00 each", "$3.00 each"]:
            assert words in shown

    @pytest.mark.parametrize(("action", "hidden"), [("hide", True), ("show", False)])
    def test_many_are_hidden_and_shown_at_once(self, desk, service, product, action, hidden):
        Service.objects.update(hidden=not hidden)
        chosen = {"action": action, "_selected_action": [service.pk, product.pk]}
        answer = desk.post(reverse("admin:catalog_service_changelist"), chosen, follow=True)
        assert "2 of 2 chosen" in text(answer)
        assert set(Service.objects.values_list("hidden", flat=True)) == {hidden}

    def test_a_suspended_one_is_put_back_on_sale_from_its_page_and_its_alert_closes(self, desk, service, now):
        suspend(service_id=service.pk, why="cost", now=now)
        back = reverse("admin:catalog_service_put_back", args=[service.pk])
        assert back in text(desk.get(reverse("admin:catalog_service_change", args=[service.pk])))
        assert "Say why" in text(desk.post(back, {"reason": ""}))
        desk.post(back, {"reason": "the unit is right now"})
        service.refresh_from_db()
        assert service.state == "ON_SALE"
        assert not Alert.objects.filter(resolved_at=None).exists()

    def test_putting_back_in_the_list_leaves_withdrawn_ones_alone(self, desk, service, product, now):
        suspend(service_id=service.pk, why="cost", now=now)
        Service.objects.filter(pk=product.pk).update(state="WITHDRAWN")
        chosen = {"action": "put_back_on_sale", "_selected_action": [service.pk, product.pk]}
        desk.post(reverse("admin:catalog_service_changelist"), chosen)
        assert set(Service.objects.values_list("state", flat=True)) == {"ON_SALE", "WITHDRAWN"}

    def test_categories_are_sorted_and_hidden_in_their_list(self, desk, service):
        rows = {
            **{"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": service.category_id},
            **{"form-0-position": "3", "form-0-hidden": "on", "_save": "1"},
        }
        desk.post(reverse("admin:catalog_category_changelist"), rows)
        category = Category.objects.get()
        assert (category.position, category.hidden) == (3, True)


class TestMarkupRules:
    add = "admin:catalog_markuprule_add"

    def test_a_new_rule_reprices_and_says_how_much(self, desk, save, service, product):
        answer = save(reverse(self.add), RULE, follow=True)
        assert "2 prices changed." not in text(answer)  # the product costs $2.00 and already sells at $3.00
        assert "1 price changed." in text(answer)
        service.refresh_from_db()
        assert service.price == Decimal("1.5")
        assert PriceChange.objects.count() == 1

    def test_a_changed_and_a_deleted_rule_reprice_too(self, desk, save, service):
        rule = MarkupRule.objects.create(percent=50, service=service)
        page = reverse("admin:catalog_markuprule_change", args=[rule.pk])
        save(page, {**RULE, "percent": "100", "service": service.pk})
        service.refresh_from_db()
        assert service.price == 2
        delete = reverse("admin:catalog_markuprule_delete", args=[rule.pk])
        answer = save(delete, {"post": "yes"}, follow=True)
        assert "1 price changed." in text(answer)
        service.refresh_from_db()
        assert service.price == 1

    def test_the_only_active_rule_for_everything_stays(self, desk, save, service):
        rule = MarkupRule.objects.create(percent=30)
        page = reverse("admin:catalog_markuprule_change", args=[rule.pk])
        off = {name: value for name, value in RULE.items() if name != "active"}
        for typed, field in [(off, "active"), ({**RULE, "service": service.pk}, "service")]:
            errors = desk.post(page, typed).context["adminform"].form.errors
            assert "would sell at cost" in errors[field][0]
        delete = reverse("admin:catalog_markuprule_delete", args=[rule.pk])
        for answer in (
            desk.get(delete),
            desk.post(delete, {"post": "yes"}),
        ):
            assert "would sell at cost" in text(answer)
        rule.refresh_from_db()
        assert rule.active
        assert save(page, {**RULE, "percent": "0"}).status_code == 302

    @pytest.mark.parametrize(
        ("typed", "field", "words"),
        [
            ({"percent": "-1"}, "percent", "A rule only adds"),
            ({"fixed": "-0.01"}, "fixed", "A rule only adds"),
            ({"minimum_margin": "-1"}, "minimum_margin", "A rule only adds"),
            ({"rounding": "0"}, "rounding", "Enter the step"),
            ({"rounding": "abc"}, "rounding", "Enter an amount such as 12.50."),
            ({"fixed": "0.0000001"}, "fixed", "Use at most 6 decimals."),
            ({"percent": ""}, "percent", "required"),
        ],
    )
    def test_bad_figures_are_named_beside_their_field(self, desk, service, typed, field, words):
        answer = desk.post(reverse(self.add), {**RULE, **typed})
        assert words in answer.context["adminform"].form.errors[field][0]
        assert not MarkupRule.objects.exists()
        service.refresh_from_db()
        assert service.price == Decimal("1.25")

    def test_a_rule_has_one_place(self, desk, service):
        both = {"category": service.category_id, "service": service.pk, "subcategory": service.subcategory_id}
        errors = desk.post(reverse(self.add), {**RULE, **both}).context["adminform"].form.errors
        assert set(errors) == {"subcategory", "category"}
        assert "Choose one place" in errors["category"][0]

    @pytest.mark.parametrize("scope", ["service", "subcategory", "category", None])
    def test_a_place_has_one_active_rule(self, desk, save, service, scope):
        place = {
            "service": {"service": service},
            "subcategory": {"subcategory": service.subcategory},
            "category": {"category": service.category},
            None: {},
        }[scope]
        first = MarkupRule.objects.create(percent=1, **place)
        typed = {**RULE, **{name: row.pk for name, row in place.items()}}
        errors = desk.post(reverse(self.add), typed).context["adminform"].form.errors
        assert list(errors) == [scope or "active"]
        assert f"Rule {first.pk} is active for" in errors[scope or "active"][0]
        typed.pop("active")
        assert save(reverse(self.add), typed).status_code == 302


class TestSync:
    page = "admin:catalog_syncrun_synchronise"

    def test_it_is_handed_to_the_workers_after_a_yes(self, desk, broker):
        assert "Synchronise now" in text(desk.get(reverse(self.page)))
        assert broker.llen("sync") == 0
        answer = desk.post(reverse(self.page), follow=True)
        assert "The workers are told." in text(answer)
        assert broker.llen("sync") == 1

    def test_a_broker_that_is_away_is_said_plainly(self, desk, monkeypatch):
        nobody = pools.producers[Connection("redis://127.0.0.1:9/0", connect_timeout=1)]
        monkeypatch.setattr(app.amqp, "_producer_pool", nobody)
        answer = desk.post(reverse(self.page), follow=True)
        assert "The broker is away" in text(answer)


class TestAlerts:
    list = "admin:core_alert_changelist"

    @pytest.fixture
    def alerts(self, now):
        open_one = Alert.objects.create(
            key="order:5:odd", severity="CRITICAL", subject="Open", first_at=now, last_at=now
        )
        old = Alert.objects.create(key="b", severity="INFO", subject="Old", first_at=now, last_at=now, resolved_at=now)
        return open_one, old

    def shown(self, desk, **query):
        return [row.subject for row in desk.get(reverse(self.list), query).context["cl"].result_list]

    def test_open_ones_unless_asked_otherwise(self, desk, alerts):
        assert self.shown(desk) == ["Open"]
        assert self.shown(desk, state="resolved") == ["Old"]
        assert self.shown(desk, state="all") == ["Open", "Old"]

    def test_they_lead_to_what_they_are_about(self, desk, alerts):
        assert reverse("admin:orders_order_change", args=[5]) in text(desk.get(reverse(self.list)))

    def test_they_are_resolved_in_the_list_and_on_their_page(self, desk, alerts):
        chosen = {"action": "mark_as_resolved", "_selected_action": [alerts[0].pk]}
        assert "1 resolved." in text(desk.post(reverse(self.list), chosen, follow=True))
        assert self.shown(desk) == []
        again = Alert.objects.create(
            key="c", severity="INFO", subject="Again", first_at=alerts[0].first_at, last_at=alerts[0].first_at
        )
        desk.post(reverse("admin:core_alert_resolve", args=[again.pk]), {"reason": "seen"})
        again.refresh_from_db()
        assert again.resolved_at


class TestPeople:
    def test_a_person_is_added_with_a_verified_address_and_can_log_in(self, desk, client):
        typed = {
            **{"email": "New@Example.com", "usable_password": "true"},
            **{"password1": "quite a passphrase 7", "password2": "quite a passphrase 7"},
        }
        answer = desk.post(reverse("admin:accounts_user_add"), typed)
        assert answer.status_code == 302, answer.context["adminform"].form.errors
        user = User.objects.get(email="new@example.com")
        assert EmailAddress.objects.get(user=user).verified
        client.post(reverse("account_login"), {"login": "new@example.com", "password": "quite a passphrase 7"})
        assert client.session.get("_auth_user_id") == str(user.pk)

    def test_two_people_do_not_share_an_address(self, desk, customer):
        typed = {"email": "CUSTOMER@example.com", "usable_password": "false"}
        errors = desk.post(reverse("admin:accounts_user_add"), typed).context["adminform"].form.errors
        assert "already" in errors["email"][0]

    def test_the_list_shows_balances_with_one_query_however_many(self, desk, customer, django_assert_max_num_queries):
        shown = text(desk.get(reverse("admin:accounts_user_changelist")))
        assert "$50.00" in shown
        for number in range(8):
            User.objects.create_user(f"n{number}@example.com", "x")
        with django_assert_max_num_queries(12):
            desk.get(reverse("admin:accounts_user_changelist"))

    def test_a_password_is_set_by_its_own_form(self, desk, customer):
        page = reverse("admin:auth_user_password_change", args=[customer.pk])
        assert desk.get(page).status_code == 200
        desk.post(page, {"password1": "quite a passphrase 8", "password2": "quite a passphrase 8"})
        customer.refresh_from_db()
        assert customer.check_password("quite a passphrase 8")

    def test_another_address_becomes_the_one_to_log_in_with(self, desk, customer, stranger):
        new = EmailAddress.objects.create(user=customer, email="second@example.com", verified=True)
        taken = EmailAddress.objects.create(user=customer, email=stranger.email)
        chosen = {"action": "make_primary", "_selected_action": [new.pk, taken.pk]}
        answer = desk.post(reverse("admin:account_emailaddress_changelist"), chosen, follow=True)
        assert "belongs to somebody else" in text(answer)
        customer.refresh_from_db()
        assert customer.email == "second@example.com"
        assert EmailAddress.objects.get(user=customer, primary=True) == new

    @pytest.fixture
    def clerk(self, db):
        """An operator with every right that a role can give, but no superuser."""
        clerk = User.objects.create_user("clerk@example.com", "x", is_staff=True)
        clerk.user_permissions.set(Permission.objects.all())
        client = Client()
        client.force_login(clerk)
        return client

    def test_an_operator_gives_nobody_rights_and_takes_over_nobody(self, clerk, operator, customer):
        page = reverse("admin:accounts_user_change", args=[customer.pk])
        assert clerk.post(page, {"is_active": "on", "is_staff": "on", "is_superuser": "on"}).status_code == 302
        customer.refresh_from_db()
        assert not customer.is_staff
        assert not customer.is_superuser
        assert clerk.post(reverse("admin:accounts_user_change", args=[operator.pk]), {}).status_code == 403
        word = reverse("admin:auth_user_password_change", args=[operator.pk])
        assert clerk.post(word, {"password1": "q w e r t y 1 2", "password2": "q w e r t y 1 2"}).status_code == 403
        assert clerk.get(reverse("admin:auth_group_add")).status_code == 403
        add = reverse("admin:account_emailaddress_add")
        assert clerk.post(add, {"user": operator.pk, "email": "mine@example.com", "verified": "on"}).status_code == 200
        assert not EmailAddress.objects.filter(email="mine@example.com").exists()
        theirs = EmailAddress.objects.get(user=operator)
        assert clerk.get(reverse("admin:account_emailaddress_change", args=[theirs.pk])).status_code == 302

    def test_a_save_leaves_alone_what_others_write(self, desk, customer, now):
        page = reverse("admin:accounts_user_change", args=[customer.pk])
        desk.post(page, {"first_name": "Ada", "is_active": "on"})
        customer.refresh_from_db()
        assert customer.first_name == "Ada"
        assert customer.email == "customer@example.com"
        assert customer.check_password("a long enough passphrase")
