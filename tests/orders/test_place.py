"""Placing an order: what is checked, what is set aside, and what a second click does."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from catalog.models import Service
from core import once
from notices.models import Notice, Switches
from orders import place, states
from orders.models import Order
from reseller.books import audit
from wallet import ledger

LINK = "https://instagram.com/name"


@pytest.mark.django_db
class TestPlacing:
    def test_an_order_sets_its_charge_aside_and_waits_in_the_outbox(self, placed, rich):
        order = placed(1, quantity=100)
        assert order.state == states.PLACED
        assert order.hold.amount == order.charge >= order.cost
        account = ledger.account_of(rich)
        assert account.held == order.charge
        assert audit().problems == []

    def test_it_keeps_the_figures_of_its_moment(self, placed):
        order = placed(1, quantity=1000)
        service = order.service
        assert (order.price, order.rate, order.unit) == (service.price, service.rate, 1000)
        assert order.charge == service.price

    def test_a_nudge_follows_the_commit(self, placed, django_capture_on_commit_callbacks, monkeypatch):
        nudged = []
        monkeypatch.setattr("orders.tasks.nudge", nudged.append)
        with django_capture_on_commit_callbacks(execute=True):
            order = placed(1)
        assert nudged == [order.pk]

    def test_whoever_wants_to_know_that_their_balance_fell_is_told(self, placed, rich):
        placed(1, quantity=100)
        assert not Notice.objects.exists()
        Switches.objects.create(customer=rich, low_below=ledger.account_of(rich).available)
        placed(1, quantity=100)
        assert Notice.objects.get().kind == "LOW_BALANCE"

    def test_a_key_that_was_made_just_now_is_not_looked_for_and_is_good_for_one_order_all_the_same(
        self, rich, catalogue
    ):
        wish = {"customer": rich, "service_id": catalogue[1].pk, "quantity": 100, "link": LINK}
        key = once.fresh_key()
        with CaptureQueriesContext(connection) as asked:
            first = place.order(**wish, form_key=key, now=timezone.now())
        assert not [each for each in asked.captured_queries if '"form_key" = ' in each["sql"].partition("WHERE")[2]]
        assert place.order(**wish, form_key=key, now=timezone.now()) == first
        assert Order.objects.count() == 1
        assert audit().problems == []

    @pytest.mark.parametrize(
        ("quantity", "word"),
        [(0, "smallest"), (-5, "smallest"), (1, "smallest"), (10**9, "largest"), (10**17, "largest")],
    )
    def test_a_quantity_out_of_range_moves_nothing(self, placed, rich, quantity, word, catalogue):
        service = catalogue[1]
        with pytest.raises(place.CantPlace) as refused:
            place.order(customer=rich, service_id=service.pk, quantity=quantity, link=LINK, now=timezone.now())
        assert word in refused.value.errors["quantity"]
        assert Order.objects.count() == 0
        assert ledger.account_of(rich).held == 0

    def test_more_than_the_stock_is_refused(self, placed, catalogue):
        Service.objects.filter(upstream_id=7).update(stock=2)
        with pytest.raises(place.CantPlace) as refused:
            placed(7, quantity=3)
        assert "2" in refused.value.errors["quantity"]

    def test_every_wrong_field_is_named_at_once(self, placed):
        with pytest.raises(place.CantPlace) as refused:
            placed(1, quantity=-1, link="")
        assert set(refused.value.errors) == {"quantity", "link"}

    @pytest.mark.parametrize("change", [{"hidden": True}, {"state": "WITHDRAWN"}, {"state": "SUSPENDED"}])
    def test_what_is_off_the_shelf_is_not_sold(self, placed, catalogue, change):
        Service.objects.filter(upstream_id=1).update(**change)
        with pytest.raises(place.CantPlace):
            placed(1)

    def test_an_unknown_service_is_not_sold(self, rich, now):
        with pytest.raises(place.CantPlace):
            place.order(customer=rich, service_id=10**9, quantity=1, link=LINK, now=now)

    def test_a_price_that_rose_meanwhile_asks_again(self, placed, catalogue):
        shown = catalogue[1].price
        Service.objects.filter(upstream_id=1).update(price=shown + Decimal("0.5"))
        with pytest.raises(place.PriceChanged) as refused:
            placed(1, shown_price=shown)
        assert refused.value.quote.price == shown + Decimal("0.5")
        assert Order.objects.count() == 0
        assert placed(1, shown_price=shown + Decimal("0.5")).price == shown + Decimal("0.5")

    def test_a_price_that_fell_meanwhile_is_simply_lower(self, placed, catalogue):
        service = catalogue[1]
        lower = service.rate
        Service.objects.filter(pk=service.pk).update(price=lower)
        assert placed(1, shown_price=service.price).price == lower

    def test_without_enough_money_nothing_is_placed(self, catalogue, customer, now):
        service = Service.objects.get(upstream_id=7)
        Service.objects.filter(pk=service.pk).update(price=Decimal(60))
        with pytest.raises(ledger.InsufficientFunds) as refused:
            place.order(customer=customer, service_id=service.pk, quantity=1, link="", now=now)
        assert "$10.00" in str(refused.value)
        assert Order.objects.count() == 0

    def test_the_same_form_twice_is_one_order(self, placed, rich):
        first = placed(1, form_key="abc")
        again = placed(1, form_key="abc")
        assert first == again
        assert Order.objects.count() == 1
        assert ledger.account_of(rich).held == first.charge

    @pytest.mark.parametrize("change", [{"quantity": 200}, {"link": "https://instagram.com/other"}])
    def test_the_same_key_with_another_wish_is_refused(self, placed, rich, change):
        placed(1, quantity=100, form_key="abc")
        with pytest.raises(place.CantPlace, match="other values"):
            placed(1, **{"quantity": 100, "form_key": "abc", **change})
        assert Order.objects.count() == 1

    def test_another_customers_form_key_is_their_own(self, placed, stranger, now):
        ledger.adjust(account=ledger.account_of(stranger), amount=Decimal(500), key="s", memo="s", now=now)
        first = placed(1, form_key="abc")
        other = placed(1, form_key="abc", customer=stranger)
        assert first != other


class TestLinks:
    @pytest.mark.parametrize(
        "link",
        [
            "https://instagram.com/name",
            "http://www.instagram.com/p/Abc_-9/?igshid=1",
            "instagram.com/name",
            "https://t.me/channel/12",
            "https://例え.jp/パス",
            "https://youtu.be/dQw4w9WgXcQ?t=40",
            "  https://x.com/a  ",
            "https://vk.com/wall-1_2",
            "https://facebook.com:443/page",
        ],
    )
    def test_a_web_address_is_taken(self, link):
        assert place.checked_link(link).startswith(("https://", "http://"))

    @pytest.mark.parametrize(
        "link",
        [
            "",
            "   ",
            "name",
            "@name",
            "https://",
            "https://localhost/x",
            "javascript:alert(1)",
            "javascript://example.com/%0aalert(1)",
            "ftp://example.com/x",
            "https://exa mple.com/x",
            "https://example.com/a b",
            "https://example.com/\nX-Injected: 1",
            "https://user:pass@example.com/",
            "https://[::1]/x",
            "https://127.0.0.1/x",
            "https://example",
            "https://.com",
            "https://" + "a" * 600 + ".com",
        ],
    )
    def test_anything_else_is_refused_in_words(self, link):
        with pytest.raises(ValueError, match=r"\w+ \w+"):
            place.checked_link(link)

    @given(st.text(max_size=60))
    def test_no_text_breaks_the_check(self, text):
        try:
            link = place.checked_link(text)
        except ValueError:
            return
        assert link.startswith(("http://", "https://", "HTTP", "Http", "hTTP")) or "://" in link
        assert not any(c.isspace() for c in link)
