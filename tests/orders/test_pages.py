"""The order form, the list of orders and the page of one, as their customer reads them; and as a stranger doesn't."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import Category, Service
from orders import poll, refund, shown, states, submit, views_goods, views_list
from orders.models import DeliveredItem, Order, OrderEvent
from reseller.books import audit
from upstream.replies import Status
from wallet import ledger

pytestmark = pytest.mark.django_db

SMM, PRODUCT = 1, 7
LINK = "https://instagram.com/name"
HOSTILE = "<script>alert(1)</script>"
VENDOR_WORDS = re.compile(r"upstream|vendor|hstock|uncertain|submitting", re.I)


@pytest.fixture
def me(client, rich):
    client.force_login(rich)
    return client


@pytest.fixture
def running(placed):
    """`running(upstream_id, …)` is an order that was accepted."""

    def running(upstream_id=SMM, **more):
        order = placed(upstream_id, **more)
        assert submit.submit(order_id=order.pk) == states.RUNNING
        order.refresh_from_db()
        return order

    return running


def record(order, **fields):
    poll.record(order=order, status=Status(**fields), now=timezone.now())
    order.refresh_from_db()
    return order


@pytest.fixture
def delivered(running):
    """A product order with three accounts, one of them hostile."""
    order = running(PRODUCT, quantity=3)
    return record(order, status="Completed", remains=0, accounts=["a@x.example:1", HOSTILE, '=HYPERLINK("evil")'])


def text_of(response):
    return response.content.decode()


def order_page(order):
    return reverse("orders:detail", args=[order.pk])


def form_of(client, service, **typed):
    """The form as a browser would send it back."""
    page = client.get(reverse("orders:service", args=[service.pk]))
    form = page.context["form"]
    return {**{name: form[name].value() or "" for name in form.fields}, **typed}


def send(client, service, **typed):
    return client.post(reverse("orders:service", args=[service.pk]), form_of(client, service, **typed))


class TestTheServicePage:
    def test_it_shows_the_figures_and_the_age_of_the_stock(self, me, catalogue):
        service = catalogue[SMM]
        text = text_of(me.get(reverse("orders:service", args=[service.pk])))
        assert f"{service.max:,}" in text
        assert f"{service.stock:,}" in text
        assert "looked up" in text
        assert 'data-order-total data-price="' in text

    def test_a_visitor_is_asked_to_log_in_and_comes_back_with_what_they_wanted(self, client, catalogue):
        page = reverse("orders:service", args=[catalogue[SMM].pk])
        text = text_of(client.get(f"{page}?link={LINK}&quantity=700"))
        assert '<form class="form"' not in text
        (next_page,) = set(re.findall(r'next=([^"]+)"', text))
        assert next_page.startswith(page.replace("/", "%2F"))
        assert "quantity%3D700" in next_page

    def test_a_visitor_who_sends_the_form_keeps_what_was_typed(self, client, catalogue):
        page = reverse("orders:service", args=[catalogue[SMM].pk])
        response = client.post(page, {"link": LINK, "quantity": "700", "form_key": "k", "shown_price": "1"})
        assert response.status_code == HTTPStatus.FOUND
        assert "quantity%253D700" in response["Location"] or "quantity%3D700" in response["Location"]
        assert Order.objects.count() == 0

    def test_ordering_again_fills_the_form(self, me, catalogue):
        page = reverse("orders:service", args=[catalogue[SMM].pk])
        form = me.get(f"{page}?link={LINK}&quantity=700").context["form"]
        assert form["link"].value() == LINK
        assert form["quantity"].value() == "700"

    @pytest.mark.parametrize(
        "query",
        [
            "?quantity=abc",
            "?quantity=-1",
            "?quantity=" + "9" * 400,
            "?link=%00%FF",
            "?link=" + "x" * 3000,
            "?quantity=",
        ],
    )
    def test_a_bad_query_is_no_error(self, me, client, catalogue, query):
        page = reverse("orders:service", args=[catalogue[SMM].pk])
        assert me.get(page + query).status_code == HTTPStatus.OK
        client.logout()
        assert client.get(page + query).status_code == HTTPStatus.OK

    def test_what_is_not_on_sale_says_so_and_has_no_form(self, me, catalogue):
        service = catalogue[SMM]
        Service.objects.filter(pk=service.pk).update(state=Service.State.WITHDRAWN)
        text = text_of(me.get(reverse("orders:service", args=[service.pk])))
        assert "Not on sale" in text
        assert "data-order-total" not in text
        assert not VENDOR_WORDS.search(text)

    def test_what_is_sold_out_says_so_and_has_no_form(self, me, catalogue):
        service = catalogue[SMM]
        Service.objects.filter(pk=service.pk).update(stock=service.min - 1)
        text = text_of(me.get(reverse("orders:service", args=[service.pk])))
        assert "Sold out" in text
        assert "data-order-total" not in text

    def test_what_is_hidden_does_not_exist(self, me, catalogue):
        service = catalogue[SMM]
        page = reverse("orders:service", args=[service.pk])
        Service.objects.filter(pk=service.pk).update(hidden=True)
        assert me.get(page).status_code == HTTPStatus.NOT_FOUND
        Service.objects.filter(pk=service.pk).update(hidden=False)
        Category.objects.filter(pk=service.category_id).update(hidden=True)
        assert me.get(page).status_code == HTTPStatus.NOT_FOUND
        assert me.get("/services/99999999999999999999/").status_code == HTTPStatus.NOT_FOUND

    def test_a_hostile_name_shows_as_text(self, me, catalogue):
        service = catalogue[SMM]
        Service.objects.filter(pk=service.pk).update(name=HOSTILE)
        text = text_of(me.get(reverse("orders:service", args=[service.pk])))
        assert HOSTILE not in text
        assert "&lt;script&gt;" in text


class TestSendingTheForm:
    def test_it_places_one_order_and_says_what_happened_to_the_money(self, me, rich, catalogue):
        response = send(me, catalogue[SMM], link=LINK, quantity="100")
        order = Order.objects.get()
        assert response.status_code == HTTPStatus.FOUND
        assert response["Location"] == order_page(order)
        text = text_of(me.get(response["Location"]))
        assert "of your balance is set aside for it" in text
        assert ledger.account_of(rich).held == order.charge

    def test_sending_it_twice_places_one(self, me, rich, catalogue):
        service = catalogue[SMM]
        data = form_of(me, service, link=LINK, quantity="100")
        page = reverse("orders:service", args=[service.pk])
        first, second = me.post(page, data), me.post(page, data)
        assert first["Location"] == second["Location"]
        order = Order.objects.get()
        assert ledger.account_of(rich).held == order.charge

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ({"quantity": ""}, "Enter how many."),
            ({"quantity": "many"}, "Enter a whole number."),
            ({"quantity": "1.5"}, "Enter a whole number."),
            ({"quantity": "0"}, "The smallest order is"),
            ({"quantity": "-5"}, "The smallest order is"),
            ({"quantity": "1" + "0" * 30}, "The largest order is"),
            ({"link": ""}, "Enter the link to the page or post."),
            ({"link": "not a link"}, "A link has no spaces in it."),
            ({"link": "javascript:alert(1)"}, "Enter a full link"),
            ({"link": "https://x.com/" + "a" * 600}, "The link is too long"),
            ({"link": "https://x.com/\0"}, "Null characters"),
        ],
    )
    def test_a_wrong_field_is_named_and_what_was_typed_stays(self, me, rich, catalogue, typed, sentence):
        typed = {"link": LINK, "quantity": "123", **typed}
        response = send(me, catalogue[SMM], **typed)
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        text = text_of(response)
        assert sentence in text
        assert 'aria-invalid="true"' in text
        assert response.context["form"]["link"].value() == typed["link"]
        assert response.context["form"]["quantity"].value() == typed["quantity"]
        assert Order.objects.count() == 0
        assert ledger.account_of(rich).held == 0

    @pytest.mark.parametrize(
        "typed",
        [{"shown_price": ""}, {"shown_price": "NaN"}, {"shown_price": "x"}, {"form_key": ""}, {"form_key": "k" * 99}],
    )
    def test_a_form_of_somebody_elses_making_moves_nothing(self, me, catalogue, typed):
        response = send(me, catalogue[SMM], link=LINK, quantity="100", **typed)
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert Order.objects.count() == 0

    def test_a_price_that_rose_is_shown_and_needs_a_second_yes(self, me, catalogue):
        service = catalogue[SMM]
        page = reverse("orders:service", args=[service.pk])
        data = form_of(me, service, link=LINK, quantity="100")
        dearer = service.price + 1
        Service.objects.filter(pk=service.pk).update(price=dearer)
        response = me.post(page, data)
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "The price rose from" in text_of(response)
        assert Order.objects.count() == 0
        form = response.context["form"]
        assert form["link"].value() == LINK
        again = {name: form[name].value() for name in form.fields}
        assert Decimal(again["shown_price"]) == dearer
        assert me.post(page, again).status_code == HTTPStatus.FOUND
        assert Order.objects.get().price == dearer

    def test_a_quantity_that_is_no_number_comes_back_as_it_was_typed(self, me, catalogue):
        page = reverse("orders:service", args=[catalogue[SMM].pk])
        text = text_of(me.post(page, {"link": LINK, "quantity": "abc"}))
        field = re.search(r'<input[^>]*name="quantity"[^>]*>', text)[0]
        assert 'type="text"' in field
        assert 'inputmode="numeric"' in field
        assert 'value="abc"' in field
        assert "data-quantity" in field

    def test_too_little_money_says_how_much_is_missing_and_leads_to_the_wallet(self, client, stranger, catalogue):
        client.force_login(stranger)
        response = send(client, catalogue[SMM], link=LINK, quantity="100")
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        text = text_of(response)
        assert "Not enough in your balance" in text
        assert "more is needed" in text
        assert reverse("wallet:statement") in text
        assert response.context["form"]["link"].value() == LINK

    def test_what_was_withdrawn_meanwhile_says_so(self, me, catalogue):
        service = catalogue[SMM]
        data = form_of(me, service, link=LINK, quantity="100")
        Service.objects.filter(pk=service.pk).update(state=Service.State.WITHDRAWN)
        response = me.post(reverse("orders:service", args=[service.pk]), data)
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "no longer offered" in text_of(response)

    def test_what_sold_out_meanwhile_keeps_what_was_typed(self, me, catalogue):
        service = catalogue[SMM]
        data = form_of(me, service, link=LINK, quantity="100")
        Service.objects.filter(pk=service.pk).update(stock=0)
        response = me.post(reverse("orders:service", args=[service.pk]), data)
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "out of stock" in text_of(response)
        assert response.context["form"]["link"].value() == LINK


class TestTheList:
    def test_a_new_customer_reads_what_to_do(self, client, stranger):
        client.force_login(stranger)
        text = text_of(client.get(reverse("orders:list")))
        assert "No orders yet" in text
        assert reverse("catalog:list") in text

    def test_a_visitor_is_sent_to_the_log_in(self, client):
        response = client.get(reverse("orders:list"))
        assert response["Location"] == "/accounts/login/?next=/orders/"

    def test_a_part_of_a_page_whose_session_ended_sends_the_whole_window(self, client):
        headers = {"hx_request": "true", "hx_current_url": "http://testserver/orders/?status=open"}
        response = client.get(reverse("orders:list"), {"since": "x"}, headers=headers)
        assert response["HX-Redirect"] == "/accounts/login/?next=/orders/%3Fstatus%3Dopen"

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("", 3),
            ("?status=open", 2),
            ("?status=completed", 1),
            ("?status=partial", 0),
            ("?status=nonsense", 3),
            ("?q=INSTAGRAM.com/second", 1),
            ("?q=zzz", 0),
        ],
    )
    def test_tabs_and_search(self, me, placed, running, query, count):
        placed(SMM)
        placed(SMM, link="https://instagram.com/second")
        record(running(SMM, link="https://instagram.com/third"), status="Completed", remains=0)
        assert len(me.get(reverse("orders:list") + query).context["rows"]) == count

    def test_it_is_found_by_its_number(self, me, placed):
        order = placed(SMM)
        placed(SMM)
        for words in (str(order.pk), f"%23{order.pk}"):
            rows = me.get(f"{reverse('orders:list')}?q={words}").context["rows"]
            assert order.pk in [row.order.pk for row in rows]

    @pytest.mark.parametrize(
        "query",
        ["?before=zz", "?before=-1", "?before=" + "9" * 40, "?q=%00", "?q=%23", "?status=%00", "?since=x", "?page=x"],
    )
    def test_a_bad_query_is_no_error(self, me, placed, query):
        placed(SMM)
        assert me.get(reverse("orders:list") + query).status_code == HTTPStatus.OK
        response = me.get(reverse("orders:list") + query, headers={"hx_request": "true"})
        assert response.status_code == HTTPStatus.OK

    def test_older_ones_follow_by_number(self, me, placed, monkeypatch):
        monkeypatch.setattr(views_list, "PAGE", 2)
        numbers = [placed(SMM).pk for _ in range(5)][::-1]
        seen, address = [], reverse("orders:list")
        while address:
            response = me.get(address)
            seen += [row.order.pk for row in response.context["rows"]]
            older = re.search(r'rel="next" href="([^"]+)"', text_of(response))
            address = older and older[1].replace("&amp;", "&")
        assert seen == numbers

    def test_it_asks_again_only_while_something_is_open(self, me, running):
        order = running(SMM)
        assert 'hx-trigger="every' in text_of(me.get(reverse("orders:list")))
        record(order, status="Completed", remains=0)
        assert 'hx-trigger="every' not in text_of(me.get(reverse("orders:list")))

    def test_nothing_new_is_204_and_something_new_is_the_part(self, me, running):
        order = running(SMM)
        since = me.get(reverse("orders:list")).context["version"]
        ask = {"headers": {"hx_request": "true"}}
        assert me.get(reverse("orders:list"), {"since": since}, **ask).status_code == HTTPStatus.NO_CONTENT
        record(order, status="In progress", remains=10, start_count=5)
        response = me.get(reverse("orders:list"), {"since": since}, **ask)
        assert response.status_code == HTTPStatus.OK
        text = text_of(response)
        assert "<html" not in text
        assert 'hx-swap-oob="innerHTML:#balance"' in text
        assert "HX-Replace-Url" not in response

    def test_since_in_a_plain_address_still_shows_the_page(self, me, running):
        running(SMM)
        since = me.get(reverse("orders:list")).context["version"]
        assert "<html" in text_of(me.get(reverse("orders:list"), {"since": since}))

    def test_another_customers_orders_are_not_there(self, client, stranger, placed):
        placed(SMM)
        client.force_login(stranger)
        assert client.get(reverse("orders:list")).context["rows"] == []
        assert len(list(client.get(reverse("orders:export")).streaming_content)) == 1

    def test_the_number_of_queries_does_not_grow(self, me, placed, django_assert_max_num_queries):
        placed(SMM)
        with django_assert_max_num_queries(8) as few:
            me.get(reverse("orders:list"))
        for _ in range(20):
            placed(SMM)
        with django_assert_max_num_queries(len(few.captured_queries)):
            me.get(reverse("orders:list"))

    def test_the_csv_has_what_was_found_and_no_formula(self, me, placed, catalogue):
        Service.objects.filter(pk=catalogue[SMM].pk).update(name="=1+1")
        placed(SMM)
        placed(2, link="https://instagram.com/other")
        response = me.get(f"{reverse('orders:export')}?q=/name")
        assert "no-store" in response["Cache-Control"]
        _header, row = csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig")))
        assert row[2] == "'=1+1"
        assert row[3] == LINK
        assert row[6] == "Pending"


class TestOneOrder:
    def test_it_says_in_words_where_the_money_is(self, me, running):
        order = running(SMM, quantity=1000)
        assert "of your balance is set aside" in text_of(me.get(order_page(order)))
        record(order, status="Partial", remains=400)
        text = text_of(me.get(order_page(order)))
        assert "for what was delivered" in text
        assert "came back to your balance" in text
        assert "<strong>600</strong> of 1,000 delivered" in text

    def test_an_order_that_failed_says_why_and_that_it_cost_nothing(self, me, running):
        order = record(running(SMM), status="Canceled", remains=100)
        text = text_of(me.get(order_page(order)))
        assert "You paid nothing" in text
        assert order.get_reason_display() in text

    def test_a_refund_is_told(self, me, running, operator):
        order = record(running(SMM, quantity=1000), status="Completed", remains=0)
        refund.refund(
            order_id=order.pk, amount=order.charge, key="k", operator=operator, reason="sorry", now=timezone.now()
        )
        text = text_of(me.get(order_page(order)))
        assert "was refunded" in text
        assert "Refunded" in text
        assert operator.email not in text

    def test_an_order_whose_fate_is_unknown_is_only_delayed_and_at_once(self, me, placed, rich):
        order = placed(SMM)
        now = timezone.now()
        Order.objects.filter(pk=order.pk).update(state=states.UNCERTAIN, flag="the vendor hung up")
        for kind in OrderEvent.FOR_OPERATORS:
            OrderEvent.objects.create(order=order, kind=kind, note="the vendor hung up", at=now)
        for page in (order_page(order), reverse("orders:list")):
            text = text_of(me.get(page))
            assert "Delayed" in text
            assert not VENDOR_WORDS.search(text)
        kinds = [event.kind for event in me.get(order_page(order)).context["events"]]
        assert kinds == [OrderEvent.Kind.PLACED]
        assert "It takes longer than usual" in text_of(me.get(order_page(order)))

    def test_an_order_that_waits_for_long_is_called_delayed(self, me, placed):
        order = placed(SMM)
        before = me.get(order_page(order)).context["row"].version
        Order.objects.filter(pk=order.pk).update(placed_at=order.placed_at - shown.LATE - timedelta(seconds=1))
        response = me.get(order_page(order), {"since": before}, headers={"hx_request": "true"})
        assert "Delayed: it will go out by itself" in text_of(response)
        assert "Delayed" in text_of(me.get(reverse("orders:list")))

    def test_one_that_waits_for_funds_of_ours_is_delayed_at_once(self, me, placed):
        order = placed(SMM)
        OrderEvent.objects.create(order=order, kind=OrderEvent.Kind.DELAYED, at=timezone.now())
        assert me.get(order_page(order)).context["row"].delayed

    def test_nothing_new_is_204(self, me, running):
        order = running(SMM)
        page = me.get(order_page(order))
        since = page.context["row"].version
        assert 'hx-trigger="every' in text_of(page)
        ask = {"headers": {"hx_request": "true"}}
        assert me.get(order_page(order), {"since": since}, **ask).status_code == HTTPStatus.NO_CONTENT
        assert me.get(order_page(order), {"since": since}).status_code == HTTPStatus.OK
        record(order, status="Completed", remains=0)
        response = me.get(order_page(order), {"since": since}, **ask)
        text = text_of(response)
        assert "<html" not in text
        assert 'hx-trigger="every' not in text
        assert 'id="order-side" hx-swap-oob="true"' in text

    @pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", '"><script>alert(1)</script>'])
    def test_only_a_web_address_becomes_a_link(self, me, placed, link):
        order = placed(SMM)
        assert f'<a href="{LINK}" target="_blank" rel="noopener noreferrer nofollow">' in text_of(
            me.get(order_page(order))
        )
        Order.objects.filter(pk=order.pk).update(link=link)
        text = text_of(me.get(order_page(order)))
        assert f'href="{link[:5]}' not in text
        assert "<script>alert" not in text

    def test_it_can_be_ordered_again_while_it_is_on_sale(self, me, placed, catalogue):
        order = placed(SMM, quantity=300)
        assert "?quantity=300&amp;link=https" in text_of(me.get(order_page(order)))
        Service.objects.filter(pk=catalogue[SMM].pk).update(hidden=True)
        assert "Order again" not in text_of(me.get(order_page(order)))


class TestTheGoods:
    def test_they_are_hidden_until_shown(self, me, delivered):
        response = me.get(order_page(delivered))
        assert "Show items" in text_of(response)
        assert "a@x.example" not in text_of(response)
        assert "no-store" in response["Cache-Control"]

    @pytest.mark.parametrize("headers", [{}, {"hx_request": "true"}])
    def test_they_are_shown_on_request_as_text(self, me, delivered, headers):
        response = me.post(reverse("orders:reveal", args=[delivered.pk]), headers=headers)
        text = text_of(response)
        assert "a@x.example:1" in text
        assert HOSTILE not in text
        assert "&lt;script&gt;alert(1)" in text
        assert "no-store" in response["Cache-Control"]
        assert ("<html" in text) == (not headers)

    def test_a_page_that_shows_them_offers_to_hide_them(self, me, delivered):
        part = {"hx_request": "true"}
        for response in (
            me.post(reverse("orders:reveal", args=[delivered.pk]), headers=part),
            me.get(order_page(delivered), {"shown": "3"}, headers=part),
        ):
            text = text_of(response)
            assert 'id="goods-tools" hx-swap-oob="true"' in text
            assert "Hide items" in text
            assert "hidden until" not in text
        text = text_of(me.get(order_page(delivered), {"shown": "2"}, headers=part))
        assert "Show new items" in text
        for query in ({"shown": "zz"}, {"shown": "9" * 40}, {}):
            assert "hidden until" in text_of(me.get(order_page(delivered), query, headers=part))
        assert "hidden until" in text_of(me.get(order_page(delivered), {"shown": "3"}))

    def test_a_link_can_not_show_them(self, me, delivered):
        response = me.get(reverse("orders:reveal", args=[delivered.pk]))
        assert response.status_code == HTTPStatus.METHOD_NOT_ALLOWED

    def test_very_many_are_a_files_business(self, me, delivered, monkeypatch):
        monkeypatch.setattr(views_goods, "GOODS_ON_A_PAGE", 2)
        response = me.post(reverse("orders:reveal", args=[delivered.pk]))
        assert len(response.context["items"]) == 2
        assert "download the file for all of them" in text_of(response)

    def test_they_can_be_downloaded(self, me, delivered):
        text = me.get(reverse("orders:items_file", args=[delivered.pk, "txt"]))
        sheet = me.get(reverse("orders:items_file", args=[delivered.pk, "csv"]))
        for response in (text, sheet):
            assert response["Cache-Control"] == "no-store"
            assert response["Content-Disposition"].startswith("attachment")
        lines = b"".join(text.streaming_content).decode().splitlines()
        assert lines == ["a@x.example:1", HOSTILE, '=HYPERLINK("evil")']
        rows = list(csv.reader(io.StringIO(b"".join(sheet.streaming_content).decode("utf-8-sig"))))
        assert rows[3] == ["3", '\'=HYPERLINK("evil")']

    def test_more_of_them_is_something_new(self, me, running):
        order = record(running(PRODUCT, quantity=3), status="In progress", accounts=["one"])
        page = me.get(order_page(order))
        assert "1 of 3 here" in text_of(page)
        record(order, status="In progress", accounts=["one", "two"])
        ask = {"headers": {"hx_request": "true"}}
        response = me.get(order_page(order), {"since": page.context["row"].version}, **ask)
        assert "2 of 3 here" in text_of(response)
        assert DeliveredItem.objects.filter(order=order).count() == 2


class TestStrangers:
    def test_another_customers_order_does_not_exist(self, client, stranger, delivered):
        client.force_login(stranger)
        number = delivered.pk
        part = {"hx_request": "true"}
        answers = [
            client.get(order_page(delivered)),
            client.get(order_page(delivered), headers=part),
            client.get(order_page(delivered), {"since": "x"}, headers=part),
            client.post(reverse("orders:reveal", args=[number])),
            client.post(reverse("orders:reveal", args=[number]), headers=part),
            client.get(reverse("orders:items_file", args=[number, "txt"])),
            client.get(reverse("orders:items_file", args=[number, "csv"])),
        ]
        assert {answer.status_code for answer in answers} == {HTTPStatus.NOT_FOUND}

    def test_a_visitor_is_sent_to_the_log_in(self, client, delivered):
        for answer in (
            client.get(order_page(delivered)),
            client.post(reverse("orders:reveal", args=[delivered.pk])),
            client.get(reverse("orders:items_file", args=[delivered.pk, "txt"])),
        ):
            assert answer.status_code == HTTPStatus.FOUND
            assert answer["Location"].startswith("/accounts/login/")

    @pytest.mark.parametrize("number", ["0", "99999999999999999999", "9" * 18])
    def test_a_number_that_never_was_is_404(self, me, number):
        assert me.get(f"/orders/{number}/").status_code == HTTPStatus.NOT_FOUND
        assert me.get(f"/orders/{number}/items.txt").status_code == HTTPStatus.NOT_FOUND


def test_the_books_are_right_after_all_that(me, running, delivered):
    record(running(SMM, quantity=1000), status="Partial", remains=400)
    assert audit().problems == []
