"""The operator's side of the shelf: rules previewed, services changed one by one and many at once, the blocklist."""

from decimal import Decimal

import pytest
from django.urls import reverse

from catalog.models import Category, MarkupRule, PriceChange, Service
from catalog.search import on_shelf
from conduct.models import Block
from tests.admin.test_catalogue_and_people import RULE
from tests.admin.test_order_acts import text

pytestmark = pytest.mark.django_db
LIST = "admin:catalog_service_changelist"


@pytest.fixture
def rule(db):
    MarkupRule.objects.all().delete()
    return MarkupRule.objects.create(percent=Decimal(25))


def page_of(rule):
    return reverse("admin:catalog_markuprule_change", args=[rule.pk])


def many(action, *services, **form):
    return {"action": action, "_selected_action": [each.pk for each in services], **form}


class TestPreview:
    def test_nothing_is_written_before_the_yes_and_then_just_what_was_shown(self, desk, rule, service, product):
        figures = {**RULE, "percent": "50", "minimum_margin": "0.6"}
        seen = desk.post(page_of(rule), figures)
        shown = text(seen)
        assert "$1.25 per 1,000" in shown
        assert "$1.60 per 1,000" in shown
        assert "Least margin" in shown
        preview = seen.context["preview"]
        assert [(each.row.pk, each.new[0][1]) for each in preview.changes] == [(service.pk, Decimal("1.6"))]
        rule.refresh_from_db()
        service.refresh_from_db()
        assert (rule.percent, service.price) == (25, Decimal("1.25"))
        desk.post(page_of(rule), {**figures, "confirmed": preview.digest})
        service.refresh_from_db()
        assert service.price == Decimal("1.6")

    def test_what_changed_meanwhile_is_shown_anew(self, desk, rule, service):
        figures = {**RULE, "percent": "50"}
        digest = desk.post(page_of(rule), figures).context["preview"].digest
        Service.objects.update(rate=Decimal("1.1"))
        again = desk.post(page_of(rule), {**figures, "confirmed": digest})
        assert "Prices or rules changed while you looked" in text(again)
        rule.refresh_from_db()
        assert rule.percent == 25
        other = {**figures, "percent": "60", "confirmed": again.context["preview"].digest}
        assert desk.post(page_of(rule), other).status_code == 200
        assert not PriceChange.objects.exists()

    def test_what_was_typed_is_there_to_be_changed(self, desk, rule, service):
        answer = desk.post(page_of(rule), {**RULE, "percent": "77", "edit": "1"})
        assert answer.context["adminform"].form["percent"].value() == "77"
        assert "Nothing is saved yet" in text(answer)

    def test_a_groups_rule_is_seen_from_its_customers(self, desk, rule, service):
        from accounts.models import CustomerGroup

        group = CustomerGroup.objects.create(name="Resellers")
        form = {
            **RULE,
            **{"percent": "10", "group": group.pk, "steps-TOTAL_FORMS": "1"},
            **{"steps-0-from_quantity": "1000", "steps-0-percent": "5"},
        }
        (change,) = desk.post(reverse("admin:catalog_markuprule_add"), form).context["preview"].changes
        assert change.old == ((10, Decimal("1.25")),)
        assert change.new == ((10, Decimal("1.1")), (1000, Decimal("1.05")))


class TestServices:
    def test_own_words_stand_beside_the_vendors_and_a_low_price_is_refused_beside_its_field(self, desk, rule, service):
        page = reverse("admin:catalog_service_change", args=[service.pk])
        refused = desk.post(page, {"own_name": "Mine", "own_price": "0.5"})
        assert "At least $1.00" in refused.context["adminform"].form.errors["own_price"][0]
        assert refused.context["adminform"].form["own_name"].value() == "Mine"
        desk.post(page, {"own_name": "Mine", "own_price": "1.1", "position": "2"})
        service.refresh_from_db()
        assert (service.name, service.price, service.position) == ("Mine", Decimal("1.1"), 2)
        shown = text(desk.get(page))
        assert "Price history" in shown
        assert "$1.10" in shown

    def test_many_are_moved_renamed_and_given_back(self, desk, rule, service, product):
        ours = Category.objects.create(name="Ours")
        both = (service, product)
        assert "Enter what should change" in text(desk.post(reverse(LIST), many("change_many", *both, apply="1")))
        desk.post(reverse(LIST), many("change_many", *both, apply="1", category=ours.pk))
        assert set(Service.objects.values_list("category", flat=True)) == {ours.pk}
        find = {"find": "Mail", "replace": "Letter", "apply": "1"}
        seen = desk.post(reverse(LIST), many("rename_many", *both, **find))
        assert "Letterbox" in text(seen)
        desk.post(reverse(LIST), many("rename_many", *both, **find, confirmed=seen.context["digest"]))
        product.refresh_from_db()
        assert product.name == "Letterbox"
        low = many("change_many", *both, apply="1", price="1.5")
        assert "At least $2.00" in text(desk.post(reverse(LIST), low))
        desk.post(reverse(LIST), many("reset_many", *both, apply="1", names="on", category="on"))
        product.refresh_from_db()
        assert (product.name, product.category_id) == ("Mailbox", product.vendor_category_id)

    def test_new_ones_wait_in_the_work_list_until_they_are_shown(self, desk, service):
        Service.objects.update(held=True, hidden=True)
        assert "New services to review" in text(desk.get(reverse("admin:index")))
        desk.post(reverse(LIST), many("show", service))
        assert service in on_shelf()
        assert "New services to review" not in text(desk.get(reverse("admin:index")))

    def test_a_category_of_ours_is_made_renamed_and_deleted_while_empty(self, desk, service):
        form = {"name": "Ours", "name_zh": "我们的", "position": "0", "warranty_days": "0"}
        desk.post(reverse("admin:catalog_category_add"), form)
        assert Category.objects.get(name="Ours").vendor_name is None
        taken = desk.post(reverse("admin:catalog_category_add"), form)
        assert "There is a category of this name already." in text(taken)
        page = reverse("admin:catalog_category_change", args=[service.category_id])
        desk.post(page, {**form, "name": "Renamed"})
        service.refresh_from_db()
        assert "renamed" in service.search_text
        gone = reverse("admin:catalog_category_delete", args=[Category.objects.get(name="Ours").pk])
        desk.post(gone, {"post": "yes"})
        assert not Category.objects.filter(name="Ours").exists()


def test_an_entry_of_the_blocklist_holds_at_once_and_can_be_switched_off(desk, service, product):
    add = reverse("admin:conduct_block_add")
    refused = desk.post(add, {"kind": "DOMAIN", "value": "no domain", "active": "on"})
    assert "Enter a domain" in text(refused)
    desk.post(add, {"kind": "DOMAIN", "value": "https://www.Evil.example/x", "active": "on"})
    assert Block.objects.get().match == "evil.example"
    assert "already" in text(desk.post(add, {"kind": "DOMAIN", "value": "EVIL.example.", "active": "on"}))
    desk.post(add, {"kind": "SERVICE", "value": "Mailbox", "active": "on"})
    assert product not in on_shelf()
    block = Block.objects.get(kind="SERVICE")
    desk.post(reverse("admin:conduct_block_change", args=[block.pk]), {"kind": "SERVICE", "value": "Mailbox"})
    assert product in on_shelf()
