"""Promotion codes and prices by group and quantity, where orders are placed."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from accounts.models import CustomerGroup
from catalog import below_cost
from catalog.models import Category, MarkupRule, PriceStep, Promotion, Service
from catalog.terms import Terms, quote_for
from orders import place, states, submit, withdraw
from orders.below_cost import GUARD
from orders.models import Order, PromotionUse
from reseller.books import audit
from wallet import ledger

LINK = "https://instagram.com/name"
MOST_QUERIES = 12


@pytest.fixture
def service(db, now):
    """It costs 1 USD and is sold for 2 USD per 1,000."""
    MarkupRule.objects.all().delete()
    MarkupRule.objects.create(percent=Decimal(100), minimum_margin=Decimal("0.25"))
    return Service.objects.create(
        upstream_id=1,
        name="Followers",
        entity="SMM",
        category=Category.objects.create(name="Instagram"),
        rate=Decimal(1),
        price=Decimal(2),
        unit=1000,
        min=100,
        max=100_000,
        search_text="followers",
        first_seen_at=now,
        changed_at=now,
    )


@pytest.fixture
def buy(service, customer, now):
    """`buy(code)` orders 1,000."""

    def buy(promo="", quantity=1000, **more):
        given = {"customer": customer, "service_id": service.pk, "link": LINK, "now": now}
        return place.order(**{**given, "promo": promo, "quantity": quantity, **more})

    return buy


def code(name="TEN", **fields):
    return Promotion.objects.create(code=name, **({"percent": Decimal(10)} | fields))


def refused(buy, *args, **more):
    with pytest.raises(place.CantPlace) as error:
        buy(*args, **more)
    assert list(error.value.errors) == ["promo"]
    assert ledger.account_of(more.get("customer") or _customer()).held == ledger.account_of(_customer()).held
    return error.value.errors["promo"]


def _customer():
    from accounts.models import User

    return User.objects.get(email="customer@example.com")


@pytest.mark.django_db
class TestPromotions:
    @pytest.fixture(autouse=True)
    def _books(self):
        yield
        assert audit().problems == []

    def test_a_code_takes_its_share_off_and_the_order_remembers_it(self, buy, customer):
        code()
        order = buy(" ten ")
        assert (order.charge, order.price, order.cost) == (Decimal("1.8"), 2, 1)
        assert ledger.account_of(customer).held == Decimal("1.8")
        use = PromotionUse.objects.get()
        assert (use.order, use.customer, use.promotion.code, use.discount) == (order, customer, "TEN", Decimal("0.2"))

    def test_an_amount_is_taken_off_likewise(self, buy):
        code(percent=0, fixed=Decimal("0.5"))
        assert buy("TEN").charge == Decimal("1.5")

    def test_it_stops_at_cost_and_minimum_margin(self, buy):
        code(percent=0, fixed=Decimal(5))
        order = buy("TEN")
        assert order.charge == Decimal("1.25")
        assert order.promotion_use.discount == Decimal("0.75")

    def test_where_there_is_nothing_to_take_off_it_says_so_and_is_not_used_up(self, buy, service):
        MarkupRule.objects.update(minimum_margin=Decimal(1))
        code()
        assert "as low as it can be" in refused(buy, "TEN")
        assert not PromotionUse.objects.exists()

    @pytest.mark.parametrize(
        ("fields", "word"),
        [
            ({"active": False}, "no longer"),
            ({"ends_at": -1}, "no longer"),
            ({"begins_at": 1}, "not valid yet"),
            ({"minimum_charge": Decimal("2.01")}, "$2.01"),
            ({"category": "Other"}, "other services"),
            ({"name": "ELSE"}, "no such code"),
        ],
    )
    def test_one_that_does_not_fit_is_refused_beside_its_field(self, buy, fields, word, now):
        for name in ("ends_at", "begins_at"):
            if name in fields:
                fields = {name: now + timedelta(hours=fields[name])}
        if "category" in fields:
            fields = {"category": Category.objects.create(name="Other")}
        code(**fields)
        assert word in refused(buy, "TEN")
        assert Order.objects.count() == 0

    def test_its_end_is_the_first_moment_at_which_it_is_refused(self, buy, now):
        code(begins_at=now, ends_at=now + timedelta(microseconds=1))
        assert buy("TEN").charge == Decimal("1.8")

    @pytest.mark.parametrize("hostile", ["x" * 500, "a\0b", "' OR 1=1", "\ud83d\ude00"])
    def test_anything_else_is_no_code(self, buy, hostile):
        assert "no such code" in refused(buy, hostile)

    def test_each_customer_has_the_uses_that_are_theirs(self, buy, stranger, now):
        code(most_uses_each=1)
        buy("TEN")
        assert "as often as it can be" in refused(buy, "TEN")
        ledger.adjust(account=ledger.account_of(stranger), amount=Decimal(9), key="nine", memo="m", now=now)
        assert buy("TEN", customer=stranger).charge == Decimal("1.8")

    def test_and_all_together_those_of_the_code(self, buy):
        code(most_uses=2, most_uses_each=None)
        buy("TEN")
        buy("TEN")
        assert "used up" in refused(buy, "TEN")

    def test_an_order_that_came_to_nothing_gives_its_use_back(self, buy, customer, now):
        code(most_uses=1)
        withdraw.withdraw(order_id=buy("TEN").pk, customer=customer, now=now)
        assert buy("TEN").charge == Decimal("1.8")
        assert PromotionUse.objects.count() == 2

    def test_the_same_form_again_is_the_same_order_and_one_use(self, buy):
        code(most_uses=1)
        first = buy("TEN", form_key="k")
        assert buy("ten", form_key="k") == first
        assert PromotionUse.objects.count() == 1

    def test_a_key_stands_for_the_code_too(self, buy):
        code()
        buy("TEN", form_key="k")
        for other in ("", "TWO"):
            with pytest.raises(place.CantPlace) as error:
                buy(other, form_key="k")
            assert list(error.value.errors) == ["form_key"]

    def test_without_money_nothing_is_used_up(self, buy, stranger):
        code()
        with pytest.raises(ledger.InsufficientFunds):
            buy("TEN", customer=stranger)
        assert not PromotionUse.objects.exists()

    def test_what_is_paid_for_a_part_is_that_part_of_what_was_charged(self, buy, now):
        from orders.settle import settle
        from orders.verdict import ended

        code()
        order = buy("TEN")
        Order.objects.filter(pk=order.pk).update(state=states.RUNNING, upstream_id=1)
        settle(order_id=order.pk, verdict=ended(1000, 500), now=now)
        order.hold.refresh_from_db()
        assert order.hold.captured == Decimal("0.9")


@pytest.mark.django_db
class TestTheGuardAgainstLoss:
    """An order at a price that was legal when it was placed goes out, until its cost rises."""

    @pytest.fixture
    def cheap(self, buy, customer):
        group = CustomerGroup.objects.create(name="Resellers")
        MarkupRule.objects.create(group=group, percent=Decimal(5), minimum_margin=Decimal("0.01"))
        customer.group = group
        customer.save()
        code(percent=Decimal(100))
        order = buy("TEN")
        assert order.charge == Decimal("1.01")
        return order

    def test_it_is_not_held_below_the_general_margin(self, cheap, sandbox):
        assert below_cost.loss(GUARD, cheap) == 0
        assert submit.submit(order_id=cheap.pk) == states.RUNNING

    def test_a_rise_that_its_own_margin_covers_does_not_matter(self, cheap):
        MarkupRule.objects.exclude(group=None).update(minimum_margin=Decimal(0))
        Service.objects.update(rate=Decimal("1.005"))
        assert below_cost.loss(GUARD, Order.objects.get(pk=cheap.pk)) == 0

    def test_a_rise_beyond_it_holds_the_order(self, cheap, sandbox):
        Service.objects.update(rate=Decimal("1.02"))
        assert submit.submit(order_id=cheap.pk) == states.PLACED
        cheap.refresh_from_db()
        assert cheap.below_cost == "HELD"
        Service.objects.update(rate=Decimal(1))
        assert below_cost.release(GUARD, now=timezone.now()) == 1


@pytest.mark.django_db
class TestThePage:
    @pytest.fixture
    def page(self, client, customer, service):
        client.force_login(customer)
        return reverse("orders:service", args=[service.pk])

    @pytest.fixture
    def filled(self, client, page):
        """`filled(…)`: the form as the page has it, with a link and these values in it."""

        def filled(**given):
            form = client.get(page).context["form"]
            values = {name: form[name].value() or "" for name in form.fields}
            return {**values, "link": LINK, "quantity": "1000", **given}

        return filled

    def test_without_any_code_there_is_no_field_for_one(self, client, page):
        assert 'name="promo"' not in client.get(page).content.decode()
        code()
        assert 'name="promo"' in client.get(page).content.decode()

    def test_the_discounted_total_is_shown_before_anything_is_ordered(self, client, page, filled):
        code()
        answer = client.post(page, filled(promo="ten", apply="1", link=""))
        text = answer.content.decode()
        assert answer.status_code == 200
        assert "−$0.20" in text
        assert "$1.80" in text
        assert not Order.objects.exists()

    def test_a_wrong_code_gets_its_error_beside_the_field_and_nothing_typed_is_lost(self, client, page, filled):
        code()
        for more in ({"apply": "1"}, {}):
            answer = client.post(page, filled(promo="NOPE", **more))
            assert answer.status_code == 422
            assert answer.context["form"].errors["promo"] == ["There is no such code."]
            assert list(answer.context["form"].errors) == ["promo"]
            assert LINK in answer.content.decode()
        assert not Order.objects.exists()

    def test_an_order_is_placed_at_what_was_shown_and_says_so(self, client, page, filled):
        code()
        form = filled(promo="TEN")
        answer = client.post(page, form, follow=True)
        assert "−$0.20" in answer.content.decode()
        assert "TEN" in answer.content.decode()
        assert client.post(page, form, follow=True).status_code == 200
        assert Order.objects.get().charge == Decimal("1.8")

    def test_a_group_is_asked_again_when_its_own_price_rose(self, client, page, filled, customer):
        group = CustomerGroup.objects.create(name="Resellers")
        rule = MarkupRule.objects.create(group=group, percent=Decimal(40))
        customer.group = group
        customer.save()
        form = filled()
        assert form["shown_price"] == "1.40"
        rule.percent = Decimal(50)
        rule.save()
        answer = client.post(page, form)
        assert answer.status_code == 422
        assert "from $1.40 to $1.50" in answer.content.decode()
        again = {name: answer.context["form"][name].value() for name in form}
        client.post(page, again)
        assert Order.objects.get().charge == Decimal("1.5")

    def test_whoever_saw_the_price_of_a_step_is_asked_when_it_is_gone(self, client, page, filled):
        step = PriceStep.objects.create(rule=MarkupRule.objects.get(), from_quantity=1000, percent=Decimal(50))
        form = filled()
        assert (form["shown_price"], form["shown_steps"]) == ("2.00", "1000:1.50")
        assert "The more, the cheaper" in client.get(page).content.decode()
        step.delete()
        assert client.post(page, form).status_code == 422
        assert not Order.objects.exists()
        PriceStep.objects.create(rule=MarkupRule.objects.get(), from_quantity=1000, percent=Decimal(50))
        client.post(page, form)
        assert Order.objects.get().charge == Decimal("1.5")

    @pytest.mark.parametrize("broken", ["1000:", "x", "1000:1.5;", "1:1" * 99, "1000:1.5\x00"])
    def test_steps_that_nobody_was_shown_are_an_error_and_no_crash(self, client, page, filled, broken):
        assert client.post(page, filled(shown_steps=broken)).status_code == 422

    def test_the_page_stays_within_its_queries(self, client, page, customer, django_assert_max_num_queries):
        code()
        customer.group = CustomerGroup.objects.create(name="Resellers")
        customer.save()
        PriceStep.objects.create(rule=MarkupRule.objects.get(), from_quantity=1000, percent=Decimal(50))
        with django_assert_max_num_queries(MOST_QUERIES):
            client.get(f"{page}?promo=TEN")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limits", [{"most_uses": 3, "most_uses_each": None}, {"most_uses_each": 3}])
def test_many_at_once_never_pass_the_limits_of_a_code(customer, service, limits):
    code(**limits)
    times = 8
    start, results = threading.Barrier(times), [None] * times

    def run(n):
        start.wait()
        try:
            results[n] = place.order(
                customer=customer, service_id=service.pk, quantity=1000, link=LINK, promo="TEN", now=timezone.now()
            )
        except Exception as error:
            results[n] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(result) for result in results].count(Order) == 3, results
    assert [type(result) for result in results].count(place.CantPlace) == times - 3, results
    assert PromotionUse.objects.count() == 3
    assert ledger.account_of(customer).held == 3 * Decimal("1.8")
    assert audit().problems == []


@pytest.mark.django_db
def test_what_a_page_says_is_what_is_charged_for_every_quantity(service, customer, buy):
    for quantity, percent in [(500, 80), (1000, 60), (5000, 30)]:
        PriceStep.objects.create(rule=MarkupRule.objects.get(), from_quantity=quantity, percent=Decimal(percent))
    for quantity in (100, 499, 500, 999, 1000, 4999, 5000):
        said = quote_for(service, quantity, Terms.of(customer)).charge
        assert buy(quantity=quantity).charge == said
