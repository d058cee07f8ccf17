"""What a preview of a rule showed is what is saved, or nothing is: whatever was changed on the way, by whomever."""

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import CustomerGroup
from catalog.models import Category, MarkupRule, Service
from catalog.reprice import reprice
from catalog.terms import Terms
from core.models import StaffAct
from tests.admin.test_catalogue_and_people import RULE

pytestmark = pytest.mark.django_db
ADD = reverse("admin:catalog_markuprule_add")


def change(rule):
    return reverse("admin:catalog_markuprule_change", args=[rule.pk])


def rules():
    return list(MarkupRule.objects.order_by("pk").values())


@pytest.mark.parametrize(
    "altered", [{"percent": "60"}, {"active": ""}, {"fixed": "1"}, {"minimum_margin": "2"}, {"rounding": "0.01"}]
)
def test_a_yes_to_one_rule_saves_no_other_even_where_no_price_moves(desk, altered):
    empty = Category.objects.create(name="Empty")
    form = {**RULE, "percent": "50", "category": empty.pk}
    preview = desk.post(ADD, form).context["preview"]
    assert preview.changes == []
    before = rules()
    answer = desk.post(ADD, {**form, **altered, "confirmed": preview.digest})
    assert answer.status_code == 200
    assert rules() == before
    assert not StaffAct.objects.exists()
    assert desk.post(ADD, {**form, "confirmed": preview.digest}).status_code == 302
    assert desk.post(ADD, {**form, "confirmed": preview.digest}).status_code == 200  # the same yes again


def test_a_yes_for_one_place_or_group_saves_it_for_no_other(desk, service, product):
    group = CustomerGroup.objects.create(name="Resellers")
    other = CustomerGroup.objects.create(name="Others")
    form = {**RULE, "percent": "50", "service": service.pk, "group": group.pk}
    digest = desk.post(ADD, form).context["preview"].digest
    for altered in ({"service": product.pk}, {"group": other.pk}, {"group": ""}, {"service": ""}):
        assert desk.post(ADD, {**form, **altered, "confirmed": digest}).status_code == 200, altered
    assert not MarkupRule.objects.filter(percent=50).exists()


@pytest.mark.parametrize("meanwhile", ["cost", "rule", "own"])
def test_a_yes_that_is_older_than_the_prices_is_asked_again(desk, service, now, meanwhile):
    form = {**RULE, "percent": "50", "service": service.pk}
    digest = desk.post(ADD, form).context["preview"].digest
    if meanwhile == "cost":
        Service.objects.filter(pk=service.pk).update(rate=Decimal(2), price=Decimal("2.5"))
    elif meanwhile == "rule":
        MarkupRule.objects.create(percent=7, category=service.category)
        reprice(now=now)
    else:
        Service.objects.filter(pk=service.pk).update(own_price=Decimal(9), price=Decimal(9))
    answer = desk.post(ADD, {**form, "confirmed": digest})
    assert "look once more" in answer.content.decode()
    assert not MarkupRule.objects.filter(service=service).exists()


@pytest.mark.parametrize("place", ["service", "subcategory", "category", ""])
@pytest.mark.parametrize("own", [None, Decimal("1.0001"), Decimal("7.77")])
@pytest.mark.parametrize(
    ("percent", "fixed", "least", "step"), [("33.33", "0", "0", "0.01"), ("0", "0.07", "0.5", "0.05")]
)
def test_prices_become_what_was_shown_to_the_micro(desk, save, service, now, place, own, percent, fixed, least, step):
    if not place:
        MarkupRule.objects.all().delete()
    Service.objects.filter(pk=service.pk).update(own_price=own, rate=Decimal("1.234567"))
    reprice(now=now)
    where = {place: getattr(service, f"{place}_id") if place != "service" else service.pk} if place else {}
    form = {**RULE, "percent": percent, "fixed": fixed, "minimum_margin": least, "rounding": step, **where}
    preview = desk.post(ADD, form).context["preview"]
    shown = {each.row.pk: each.new[0][1] for each in preview.changes}
    service.refresh_from_db()
    before = service.price
    assert desk.post(ADD, {**form, "confirmed": preview.digest}).status_code == 302
    service.refresh_from_db()
    assert service.price == shown.get(service.pk, before)
    assert service.price >= service.rate + Decimal(least)
    assert reprice(now=now) == 0


def test_a_groups_prices_become_what_was_shown(desk, service, customer):
    group = CustomerGroup.objects.create(name="Resellers")
    customer.group = group
    customer.save()
    form = {**RULE, "percent": "3", "group": group.pk, "rounding": "0.01", "service": service.pk}
    preview = desk.post(ADD, form).context["preview"]
    (only,) = [each for each in preview.changes if each.row.pk == service.pk]
    assert desk.post(ADD, {**form, "confirmed": preview.digest}).status_code == 302
    assert Terms.of(customer).price(service) == only.new[0][1] == Decimal("1.03")
    service.refresh_from_db()
    assert service.price == Decimal("1.25")


def test_a_rule_is_neither_changed_nor_deleted_without_its_own_yes(desk, service, now):
    one = MarkupRule.objects.create(percent=10, service=service)
    other = MarkupRule.objects.create(percent=10, category=service.category)
    reprice(now=now)
    delete = reverse("admin:catalog_markuprule_delete", args=[other.pk])
    of_other = desk.get(delete).context["preview"].digest
    before = rules()
    for digest in ("", "x", of_other):
        sent = {**RULE, "percent": "99", "service": service.pk, "confirmed": digest}
        assert desk.post(change(one), sent).status_code == 200
        gone = {"post": "yes", "confirmed": digest}
        assert desk.post(reverse("admin:catalog_markuprule_delete", args=[one.pk]), gone).status_code == 200
    desk.post(
        reverse("admin:catalog_markuprule_changelist"),
        {"action": "delete_selected", "_selected_action": [one.pk], "post": "yes"},
    )
    assert rules() == before
