"""The help pages as a customer sees them, and as a stranger doesn't."""

import re

import pytest
from django.urls import reverse

from catalog.models import Category, Service
from desk import ask, decide, say
from desk.models import Question, Request
from orders import states
from orders.models import Order
from reseller.books import audit
from sms.models import Country, Project, Purchase, Site
from tests.desk.conftest import HOSTILE, aged

pytestmark = pytest.mark.django_db
HELP = "/help/"
NEW = "/help/new/"


def text_of(answer):
    return answer.content.decode()


def page_of(request):
    return reverse("desk:request", args=[request.pk])


def filled(client, address, **typed):
    """The form as a browser would send it back."""
    form = client.get(address).context["form"]
    return {**{name: form[name].value() or "" for name in form.fields}, **typed}


def send(client, address, **typed):
    return client.post(address, filled(client, address, **typed))


@pytest.fixture
def purchase(customer, now):
    site = Site.objects.create(name="Telegram", folded="telegram")
    country = Country.objects.create(code="+1", name="Nowhere")
    project = Project.objects.create(
        upstream_id="7", site=site, country=country, cost=1, price=2, state="ON_SALE", changed_at=now
    )
    return Purchase.objects.create(
        customer=customer,
        project=project,
        site_name="Telegram",
        country_name="Nowhere",
        quantity=1,
        cost=1,
        price=2,
        placed_at=now,
        not_before=now,
    )


class TestTheFirstPage:
    def test_a_visitor_reads_answers_and_is_asked_to_log_in(self, client, db):
        Question.objects.create(question_en="How long?", answer_en=f"A day. {HOSTILE}", position=1)
        Question.objects.create(question_en="Hidden?", answer_en="Yes", shown=False)
        page = text_of(client.get(HELP))
        assert "How long?" in page
        assert "Log in to ask" in page
        assert "Hidden?" not in page
        assert HOSTILE not in page

    def test_answers_are_in_the_readers_language_as_far_as_there_are_some(self, client, db):
        Question.objects.create(question_en="How long?", question_zh="多久?", answer_en="A day.", position=1)
        page = text_of(client.get(HELP, headers={"accept-language": "zh-hans"}))
        assert "多久?" in page
        assert "A day." in page

    def test_own_requests_stand_there_and_nobody_elses(self, me, them, asked):
        assert page_of(asked) in text_of(me.get(HELP))
        assert page_of(asked) not in text_of(them.get(HELP))

    def test_it_walks_back_and_costs_the_same(self, me, customer, now, django_assert_max_num_queries):
        for number in range(45):
            Request.objects.create(customer=customer, kind="OTHER", subject=f"No {number}", asked_at=now)
        with django_assert_max_num_queries(12):
            page = me.get(HELP)
        assert len(page.context["requests"]) == 20
        older = me.get(f"{HELP}?before={page.context['next_before']}")
        assert older.context["requests"][0].subject == "No 24"
        for odd in ["x", "-1", "9" * 30]:
            assert me.get(f"{HELP}?before={odd}").status_code == 200


class TestAsking:
    def test_from_nothing_to_an_order_to_what_for(self, me, goods):
        assert f"?order={goods.pk}" in text_of(me.get(NEW))
        page = text_of(me.get(f"{NEW}?order={goods.pk}"))
        assert f"?order={goods.pk}&amp;kind=REPLACEMENT" in page
        assert "kind=CANCEL" not in page
        assert "This order has ended." in page

    def test_a_replacement_is_asked_for(self, me, goods):
        address = f"{NEW}?order={goods.pk}&kind=REPLACEMENT"
        answer = send(me, address, positions="1, 3", text="line one\r\nline two")
        request = Request.objects.get()
        assert answer.url == page_of(request)
        assert request.positions == [1, 3]
        assert request.messages.get().text == "line one\nline two"
        page = text_of(me.get(answer.url))
        assert "line one\nline two" in page
        assert "items 1, 3" in page

    def test_a_double_click_asks_once(self, me, goods):
        for address, more in [
            (f"{NEW}?order={goods.pk}&kind=NOT_DELIVERED", {}),
            (f"{NEW}?kind=OTHER", {"subject": "Cards"}),
        ]:
            form = filled(me, address, text="where is it", **more)
            assert me.post(address, form).url == me.post(address, form).url
        assert Request.objects.count() == 2
        assert {request.messages.count() for request in Request.objects.all()} == {1}

    @pytest.mark.parametrize(
        ("typed", "field"),
        [
            ({"positions": "", "text": "bad"}, "positions"),
            ({"positions": "one", "text": "bad"}, "positions"),
            ({"positions": "1-99999", "text": "bad"}, "positions"),
            ({"positions": "9", "text": "bad"}, "positions"),
            ({"positions": "1", "text": " "}, "text"),
            ({"positions": "1", "text": "x" * 5001}, "text"),
        ],
    )
    def test_what_is_wrong_stands_beside_its_field_and_stays(self, me, goods, typed, field):
        answer = send(me, f"{NEW}?order={goods.pk}&kind=REPLACEMENT", **typed)
        assert answer.status_code == 422
        form = answer.context["form"]
        assert form.errors[field]
        assert form["positions"].value() == typed["positions"]
        assert form["text"].value() == typed["text"]
        assert not Request.objects.exists()

    def test_what_can_not_be_asked_for_says_why(self, me, goods):
        aged(goods, days=8)
        address = f"{NEW}?order={goods.pk}&kind=REPLACEMENT"
        page = me.get(address)
        assert "The warranty ended on" in text_of(page)
        answer = me.post(address, {"positions": "1", "text": "bad", "form_key": "k"})
        assert answer.status_code == 422
        assert "The warranty ended on" in text_of(answer)
        assert 'name="text"' in text_of(answer)

    def test_one_that_is_open_is_shown_instead_of_a_second_form(self, me, asked, goods):
        assert me.get(f"{NEW}?order={goods.pk}&kind=REPLACEMENT").url == page_of(asked)

    def test_an_order_that_has_not_gone_out_is_canceled_at_once(self, me, make):
        order = make.placed()
        address = f"{NEW}?order={order.pk}&kind=CANCEL"
        assert "at once" in text_of(me.get(address))
        answer = send(me, address)
        assert answer.url == f"/orders/{order.pk}/"
        order.refresh_from_db()
        assert order.state == states.CANCELED
        assert audit().problems == []

    def test_a_number_can_be_asked_about(self, me, them, purchase):
        send(me, f"{NEW}?purchase={purchase.pk}", subject="No code", text="It never came.")
        request = Request.objects.get()
        assert (request.purchase, request.order) == (purchase, None)
        assert "Telegram" in text_of(me.get(page_of(request)))
        assert them.get(f"{NEW}?purchase={purchase.pk}").status_code == 404

    def test_hostile_text_stays_text(self, me, customer, now, goods):
        send(me, f"{NEW}?kind=OTHER", subject=HOSTILE, text=HOSTILE)
        request = Request.objects.get()
        for address in [HELP, page_of(request), f"/orders/{goods.pk}/", NEW]:
            assert HOSTILE not in text_of(me.get(address))


class TestOneRequest:
    def test_a_stranger_finds_nothing(self, them, asked, goods):
        for address in [page_of(asked), f"{NEW}?order={goods.pk}", f"{NEW}?order={goods.pk}&kind=OTHER"]:
            assert them.get(address).status_code == 404
            assert them.get(address, headers={"hx-request": "true"}).status_code == 404
            assert them.post(address, {"text": "x", "form_key": "k"}).status_code == 404
        assert asked.messages.count() == 1

    def test_a_visitor_is_sent_to_the_log_in(self, client, asked):
        assert "/login/" in client.get(page_of(asked)).url

    def test_it_moves_by_itself(self, me, asked, operator, now):
        address = f"{page_of(asked)}?since={asked.version}"
        assert me.get(address, headers={"hx-request": "true"}).status_code == 204
        say.answer(request_id=asked.pk, operator=operator, text="We look.", now=now)
        fragment = me.get(address, headers={"hx-request": "true"})
        assert "We look." in text_of(fragment)
        assert "<html" not in text_of(fragment)

    def test_news_are_marked_until_they_are_seen(self, me, asked, operator, goods, now):
        say.answer(request_id=asked.pk, operator=operator, text="We look.", now=now)
        mark = re.compile(r'badge tone-accent">\s*New')
        for address in [HELP, f"/orders/{goods.pk}/", "/services/"]:
            assert mark.search(text_of(me.get(address)))
        me.get(page_of(asked))
        for address in [HELP, f"/orders/{goods.pk}/", "/services/"]:
            assert not mark.search(text_of(me.get(address)))

    def test_a_reply_sent_twice_is_one(self, me, asked):
        form = filled(me, page_of(asked), text="And?")
        assert me.post(page_of(asked), form).status_code == 302
        assert me.post(page_of(asked), form).status_code == 302
        assert asked.messages.count() == 2

    def test_a_reply_to_a_closed_one_is_refused_and_stays(self, me, asked, operator, now):
        form = filled(me, page_of(asked), text="And yet")
        decide.refuse(request_id=asked.pk, operator=operator, reason="r", answer="They work.", now=now)
        answer = me.post(page_of(asked), form)
        assert answer.status_code == 422
        assert "And yet" in text_of(answer)
        assert "They work." in text_of(answer)

    def test_a_long_one_costs_the_same(self, me, asked, operator, now, django_assert_max_num_queries):
        for number in range(30):
            say.answer(request_id=asked.pk, operator=operator, text=f"{number}", now=now)
        with django_assert_max_num_queries(12):
            me.get(page_of(asked))


class TestTheOrdersPage:
    def test_it_shows_requests_choices_and_the_warranty(self, me, asked, goods, django_assert_max_num_queries):
        with django_assert_max_num_queries(12):
            page = text_of(me.get(f"/orders/{goods.pk}/"))
        assert page_of(asked) in page
        assert f"{goods.warranty_until:%Y-%m-%d}" in page
        assert "kind=NOT_DELIVERED" in page
        assert "kind=REPLACEMENT" not in page  # one is open
        assert "This order has ended." in page

    def test_one_opened_by_a_program_is_there_too(self, me, make, service, customer, now):
        Service.objects.update(refill=True)
        order = make.ended()
        request = ask.refill(order_id=order.pk, customer=customer, now=now)
        assert page_of(request) in text_of(me.get(f"/orders/{order.pk}/"))
        assert me.get(page_of(request)).status_code == 200

    def test_a_replaced_item_says_for_which(self, me, goods, asked, operator, now):
        from tests.desk.test_make_good import again

        again(asked, operator, now)
        page = text_of(me.post(f"/orders/{goods.pk}/items/"))
        assert "new-1" in page
        assert "in place of 1" in page
        assert "Delivered again" in text_of(me.get(f"/orders/{goods.pk}/"))

    def test_a_service_says_its_warranty(self, me, product):
        assert "Warranty" not in text_of(me.get(f"/services/{product.pk}/"))
        Category.objects.update(warranty_days=30)
        assert "30 days from delivery" in text_of(me.get(f"/services/{product.pk}/"))

    def test_an_order_of_a_product_carries_its_warranty(self, make, product):
        Category.objects.update(warranty_days=14)
        assert Order.objects.get(pk=make.placed(service=product, quantity=1).pk).warranty_days == 14
        assert Order.objects.get(pk=make.placed().pk).warranty_days == 0
