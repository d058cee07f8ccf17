"""Groups, steps and promotion codes in the admin: what an operator may enter, and what is refused in words."""

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import CustomerGroup
from catalog.models import MarkupRule, PriceStep, Promotion
from catalog.terms import Terms
from tests.admin.test_catalogue_and_people import RULE

pytestmark = pytest.mark.django_db
ADD_RULE = "admin:catalog_markuprule_add"
ADD_CODE = "admin:catalog_promotion_add"
CODE = {"code": "ten", "percent": "10", "fixed": "0", "minimum_charge": "0", "active": "on", "most_uses_each": "1"}


@pytest.fixture
def group(db):
    return CustomerGroup.objects.create(name="Resellers")


def steps(*rows):
    """The inline's fields for these (from, percent)."""
    fields = {"steps-TOTAL_FORMS": str(len(rows))}
    for n, (quantity, percent) in enumerate(rows):
        fields |= {f"steps-{n}-from_quantity": str(quantity), f"steps-{n}-percent": str(percent)}
    return fields


def test_a_customer_gets_a_group_and_its_price(desk, save, customer, group, service):
    save(reverse(ADD_RULE), {**RULE, "percent": "10", "group": group.pk})
    page = reverse("admin:accounts_user_change", args=[customer.pk])
    form = desk.get(page).context["adminform"].form
    values = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    answer = desk.post(page, {**values, "group": group.pk})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    customer.refresh_from_db()
    assert customer.group == group
    assert Terms.of(customer).price(service) == Decimal("1.1")
    service.refresh_from_db()
    assert service.price == Decimal("1.25")


def test_a_general_rule_and_one_of_each_group_may_stand_for_the_same_place(desk, save, group, service):
    MarkupRule.objects.all().delete()
    for more in ({}, {"group": group.pk}, {"service": service.pk}, {"service": service.pk, "group": group.pk}):
        assert save(reverse(ADD_RULE), {**RULE, **more}).status_code == 302
    kept = MarkupRule.objects.filter(active=True)
    assert kept.filter(group=group).count() == 2
    answer = save(reverse(ADD_RULE), {**RULE, "group": group.pk})
    assert "active for everything and Resellers already" in answer.content.decode()


def test_the_only_general_rule_is_not_given_to_a_group(desk, group):
    MarkupRule.objects.all().delete()
    rule = MarkupRule.objects.create(percent=Decimal(30))
    answer = desk.post(reverse("admin:catalog_markuprule_change", args=[rule.pk]), {**RULE, "group": group.pk})
    assert "would sell at cost" in answer.content.decode()
    rule.refresh_from_db()
    assert rule.group is None


def test_steps_are_entered_with_their_rule(desk, save, service):
    save(reverse(ADD_RULE), {**RULE, "service": service.pk, **steps((1000, 40), (500, 45))})
    assert list(PriceStep.objects.values_list("from_quantity", "percent")) == [(500, 45), (1000, 40)]


@pytest.mark.parametrize(
    "rows", [[(500, 50)], [(500, 60)], [(500, 40), (1000, 45)], [(1000, 40), (500, 40)], [(1, 40)], [(500, -1)]]
)
def test_steps_that_do_not_fall_are_refused_and_nothing_is_kept(desk, save, service, rows):
    answer = save(reverse(ADD_RULE), {**RULE, "service": service.pk, **steps(*rows)})
    assert answer.status_code == 200
    assert not PriceStep.objects.exists()
    assert not MarkupRule.objects.filter(service=service).exists()


def test_a_code_is_kept_in_capitals(desk):
    desk.post(reverse(ADD_CODE), CODE)
    assert Promotion.objects.get().code == "TEN"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"fixed": "1"}, "fixed"),
        ({"percent": "0"}, "fixed"),
        ({"percent": "101"}, "percent"),
        ({"percent": "0", "fixed": "-1"}, "fixed"),
        ({"minimum_charge": "-1"}, "minimum_charge"),
        ({"code": "a b"}, "code"),
        ({"code": "used"}, "code"),
        (
            {
                **{"begins_at_0": "2030-01-02", "begins_at_1": "00:00"},
                **{"ends_at_0": "2030-01-01", "ends_at_1": "00:00"},
            },
            "ends_at",
        ),
    ],
)
def test_a_code_that_makes_no_sense_is_refused_beside_its_field(desk, typed, field):
    Promotion.objects.create(code="USED", percent=Decimal(1))
    errors = desk.post(reverse(ADD_CODE), {**CODE, **typed}).context["adminform"].form.errors
    assert field in errors
    assert Promotion.objects.count() == 1


def test_what_a_code_takes_off_stays_as_it_was_made(desk):
    code = Promotion.objects.create(code="TEN", percent=Decimal(10))
    page = reverse("admin:catalog_promotion_change", args=[code.pk])
    desk.post(page, {**CODE, "percent": "50", "code": "other", "most_uses": "7"})
    code.refresh_from_db()
    assert (code.code, code.percent, code.most_uses) == ("TEN", 10, 7)
    assert desk.post(reverse("admin:catalog_promotion_delete", args=[code.pk]), {"post": "yes"}).status_code == 403
