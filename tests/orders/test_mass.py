"""Many orders at once: how lines are read and checked, and that each is placed once whatever happens."""

import re
from decimal import Decimal
from html import unescape
from http import HTTPStatus

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from catalog.models import Service
from orders import mass, place_many, states
from orders.mass import LONGEST_LINE, MOST_BYTES, MOST_LINES, TooMuch, decode, digest, read
from orders.models import Order
from reseller.books import audit
from wallet import ledger

SMM, OTHER, PRODUCT = 1, 2, 7
LINK = "https://instagram.com/name"


# ── Reading ────────────────────────────────────────────────────────────────────────────────────────
def cells(line):
    return line.service_id, line.link, line.quantity


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 | https://x.com/a | 100", (12, "https://x.com/a", 100)),
        ("12|x.com/a|100", (12, "x.com/a", 100)),
        ("#12 | x.com/a | 100", (12, "x.com/a", 100)),
        ("12\thttps://x.com/a\t100", (12, "https://x.com/a", 100)),
        ("12,https://x.com/a,100", (12, "https://x.com/a", 100)),
        ("12;https://x.com/a;100", (12, "https://x.com/a", 100)),
        ('"12","https://x.com/a,b","100"', (12, "https://x.com/a,b", 100)),
        ("12,https://x.com/a,b,100", (12, "https://x.com/a,b", 100)),
        ("12 | https://x.com/a|b | 100", (12, "https://x.com/a|b", 100)),
        ("12,https://x.com/a;b|c,100", (12, "https://x.com/a;b|c", 100)),
        ("12,https://x.com/a,100,,", (12, "https://x.com/a", 100)),
        ("12 | 3", (12, "", 3)),
        ("12,,3", (12, "", 3)),
        ("12\t3", (12, "", 3)),
    ],
)
def test_a_line_is_read_however_it_is_separated(text, expected):
    (line,) = read(text)
    assert line.problem == ""
    assert cells(line) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("hello", "Write it as service | link | quantity."),
        ("12", "Write it as service | link | quantity."),
        ("abc | x.com/a | 5", "“abc” is no number of a service."),
        ("-1 | x.com/a | 5", "“-1” is no number of a service."),
        ("12 | x.com/a | 1.5", "“1.5” is no quantity"),
        ("12 | x.com/a | 1 000", "“1 000” is no quantity"),
        ("12 | x.com/a | -5", "“-5” is no quantity"),
        ("12 | x.com/a | ٣", "“٣” is no quantity"),
        ("12 | x.com/a | " + "9" * 19, "is no quantity"),
        ("12 | x.com/a |", "“x.com/a” is no quantity"),
        ("12 | " + "a" * LONGEST_LINE + " | 5", "The line is too long."),
    ],
)
def test_a_line_that_can_not_be_read_says_why(text, sentence):
    (line,) = read(text)
    assert sentence in line.problem
    assert line.text == text


def test_a_heading_is_no_error_and_only_the_first_line_can_be_one():
    first, second, third = read("Service,Link,Quantity\n12,x.com/a,5\nservice,link,quantity")
    assert (first.heading, first.problem) == (True, "")
    assert not second.heading
    assert not third.heading
    assert third.problem


def test_blank_lines_are_no_lines():
    assert [line.number for line in read("\n\r\n12|3\r\r \n12|4\n")] == [1, 2]


def test_more_than_it_takes_is_refused_as_a_whole():
    assert len(read("1|2\n" * MOST_LINES)) == MOST_LINES
    with pytest.raises(TooMuch, match="1,001 lines"):
        read("1|2\n" * (MOST_LINES + 1))
    with pytest.raises(TooMuch):
        read("é" * (MOST_BYTES // 2 + 1))
    with pytest.raises(TooMuch):
        decode(b"1" * (MOST_BYTES + 1))


@pytest.mark.parametrize("data", [b"12,x,5", b"\xef\xbb\xbf12,x,5"])
def test_a_file_may_have_a_byte_order_mark(data):
    assert decode(data) == "12,x,5"


def test_a_file_in_another_encoding_is_named():
    with pytest.raises(ValueError, match="CSV UTF-8"):
        decode("12,é,5".encode("latin-1"))


_ODD = st.sampled_from(
    ["|", ",", ";", "\t", '"', "\n", "\r", "#", "=", "1", "12", "x.com/a", " ", "\x00", "\u2028", "é"]
)


@given(st.one_of(st.text(max_size=300), st.lists(_ODD, max_size=60).map("".join)))
def test_no_text_breaks_the_reading_and_no_line_is_lost(text):
    lines = read(text)
    assert [line.text for line in lines] == [row for row in re.split(r"\r\n|\r|\n", text) if row.strip()]
    for line in lines:
        assert line.problem or line.heading or (line.service_id >= 0 and line.quantity >= 0)
    # What stays in the box is read as the same lines again.
    again = read("\n".join(line.text for line in lines))
    assert again == lines
    assert digest(again) == digest(lines)


@given(st.integers(1, 10**17), st.text(st.characters(exclude_characters="|\r\n"), max_size=60), st.integers(1, 10**17))
def test_what_is_written_with_bars_comes_back(service, link, quantity):
    (line,) = read(f"{service} | {link} | {quantity}")
    assert cells(line) == (service, link.strip(), quantity)


# ── Checking and placing ───────────────────────────────────────────────────────────────────────────
@pytest.fixture
def me(client, rich):
    client.force_login(rich)
    return client


@pytest.fixture
def numbers(catalogue):
    """`numbers(text)` puts our numbers of services in the place of the vendor's in braces."""

    def numbers(text):
        return re.sub(r"\{(\d+)\}", lambda match: str(catalogue[int(match[1])].pk), text)

    return numbers


MASS = "/orders/mass/"


def text_of(response):
    return response.content.decode()


def fields(response):
    """The form as a browser would send it back."""
    text = text_of(response)
    found = {
        unescape(name): unescape(value)
        for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text)
    }
    box = re.search(r"<textarea[^>]*>\n?(.*?)</textarea>", text, re.S)
    return {**found, "text": unescape(box[1]) if box else ""}


def look(client, text, **more):
    return client.post(MASS, {"text": text, "act": "check", **more})


def order_all(client, preview, **more):
    return client.post(MASS, {**fields(preview), "act": "place", **more})


def links(*names):
    return "\n".join(f"{{{SMM}}} | https://instagram.com/{name} | 100" for name in names)


@pytest.mark.django_db
class TestThePreview:
    def test_the_page_has_a_box_and_an_example(self, me, catalogue):
        response = me.get(MASS)
        assert "https://instagram.com/name | 1000" in text_of(response)
        assert 'name="act" value="place"' not in text_of(response)

    def test_a_visitor_is_sent_to_the_log_in(self, client):
        assert client.get(MASS)["Location"] == f"/accounts/login/?next={MASS}"

    def test_it_shows_prices_total_and_what_is_left_and_orders_nothing(self, me, rich, catalogue, numbers):
        response = look(me, numbers(f"{{{SMM}}} | {LINK} | 100\n{{{PRODUCT}}} | 2"))
        assert response.status_code == HTTPStatus.OK
        sheet = response.context["sheet"]
        smm, product = sheet.rows
        assert smm.quote.charge == catalogue[SMM].price / 10
        assert product.quote.charge == catalogue[PRODUCT].price * 2
        assert sheet.total == smm.quote.charge + product.quote.charge
        assert sheet.after == ledger.account_of(rich).available - sheet.total
        assert "Place 2 orders" in text_of(response)
        assert Order.objects.count() == 0

    def test_every_wrong_line_says_why_in_words(self, me, catalogue, numbers):
        Service.objects.filter(pk=catalogue[OTHER].pk).update(hidden=True)
        lines = [
            "nonsense",
            f"{{{OTHER}}} | {LINK} | 100",
            "999999 | x.com/a | 5",
            f"{{{SMM}}} | not a link | 100",
            f"{{{SMM}}} | {LINK} | 1",
            f"{{{SMM}}} | javascript:alert(1) | 100",
        ]
        response = look(me, numbers("\n".join(lines)))
        problems = [row.problem for row in response.context["sheet"].rows]
        for problem, words in zip(
            problems,
            ["Write it as", "no service", "no service", "no spaces", "smallest order", "full link"],
            strict=True,
        ):
            assert words in problem
        assert 'name="act" value="place"' not in text_of(response)

    def test_a_file_is_added_to_what_was_pasted(self, me, numbers):
        file = SimpleUploadedFile("o.csv", ("\ufeff" + numbers(f"{{{SMM}}},{LINK},200\r\n")).encode(), "text/csv")
        response = me.post(MASS, {"text": numbers(f"{{{SMM}}} | x.com/a | 100"), "file": file, "act": "check"})
        assert [row.line.quantity for row in response.context["sheet"].rows] == [100, 200]
        assert fields(response)["text"].splitlines()[1] == numbers(f"{{{SMM}}},{LINK},200")

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [(b"\xff\xfe1\x00", "no UTF-8 text"), (b"1" * (MOST_BYTES + 1), "too large"), (b"", "Paste your lines")],
    )
    def test_a_file_that_is_none_is_told_beside_its_field(self, me, data, sentence):
        response = me.post(MASS, {"text": "", "file": SimpleUploadedFile("o.csv", data), "act": "check"})
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert sentence in text_of(response)

    def test_a_wrong_file_loses_nothing_that_was_pasted(self, me):
        file = SimpleUploadedFile("o.csv", b"\xff\xff")
        response = me.post(MASS, {"text": "12 | 3", "file": file, "act": "check"})
        assert fields(response)["text"] == "12 | 3"

    def test_too_many_lines_are_told_and_stay(self, me):
        text = "\n".join(["1 | 2"] * (MOST_LINES + 1))
        response = look(me, text)
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "at most 1,000" in text_of(response)
        assert fields(response)["text"] == text

    def test_a_request_beyond_reason_is_told_in_words(self, me):
        for size in (1_200_000, 5_000_000):
            response = look(me, "x" * size)
            assert response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            assert "at most 1 MB" in text_of(response)

    def test_a_form_of_another_site_is_refused(self, rich):
        from django.test import Client

        strict = Client(enforce_csrf_checks=True)
        strict.force_login(rich)
        assert strict.post(MASS, {"text": "1 | 2", "act": "check"}).status_code == HTTPStatus.FORBIDDEN

    def test_the_same_link_twice_is_warned_of(self, me, placed, numbers):
        before = placed(SMM, link="https://instagram.com/b")
        response = look(me, numbers(links("a", "a", "b", "c")))
        warnings = [" ".join(row.warnings) for row in response.context["sheet"].rows]
        assert "stand in 2 lines" in warnings[0]
        assert "stand in 2 lines" in warnings[1]
        assert f"Order {before.pk} for this service and link is under way" in warnings[2]
        assert warnings[3] == ""
        assert len(response.context["sheet"].good) == 4

    def test_more_than_there_is_in_all_lines_together_is_warned_of(self, me, catalogue, numbers):
        Service.objects.filter(pk=catalogue[PRODUCT].pk).update(stock=3)
        response = look(me, numbers(f"{{{PRODUCT}}} | 2\n{{{PRODUCT}}} | 2"))
        first, second = response.context["sheet"].rows
        assert first.warnings == []
        assert "more than the 3 in stock" in second.warnings[0]

    def test_hostile_lines_show_as_text(self, me, numbers):
        evil = '</textarea><script>alert(1)</script> | "><img src=x onerror=alert(1)> | =1+1'
        response = look(me, numbers(f'{evil}\n{{{SMM}}} | https://x.com/"><script>alert(2)</script> | 100'))
        assert "<script>alert" not in text_of(response)
        assert "<img src=x" not in text_of(response)
        assert fields(response)["text"].startswith(evil)

    def test_the_number_of_queries_does_not_grow(self, me, catalogue, numbers, django_assert_max_num_queries):
        with django_assert_max_num_queries(12) as few:
            look(me, numbers(links("a") + "\nnonsense"))
        many = "\n".join(numbers(f"{{{SMM}}} | x.com/{n} | 100\n{{{PRODUCT}}} | 1") for n in range(150))
        with django_assert_max_num_queries(len(few.captured_queries)):
            response = look(me, many)
        assert len(response.context["sheet"].good) == 300


@pytest.mark.django_db
class TestPlacing:
    def test_good_lines_are_placed_and_bad_ones_stay_with_their_reason(self, me, rich, numbers):
        text = numbers(f"nonsense\n{links('a', 'b')}\n{{{SMM}}} | {LINK} | 1\n{{{PRODUCT}}} | 1")
        response = order_all(me, look(me, text))
        assert response.status_code == HTTPStatus.OK
        orders = list(Order.objects.order_by("pk"))
        assert [order.link for order in orders] == ["https://instagram.com/a", "https://instagram.com/b", ""]
        set_aside = sum(order.charge for order in orders)
        assert ledger.account_of(rich).held == set_aside
        assert response.context["outcome"].set_aside == set_aside
        assert "3 orders are placed" in text_of(response)
        assert fields(response)["text"] == numbers(f"nonsense\n{{{SMM}}} | {LINK} | 1")
        assert "Write it as service" in text_of(response)
        assert "The smallest order is" in text_of(response)
        assert audit().problems == []

    def test_sending_it_again_places_nothing_again(self, me, rich, numbers):
        preview = look(me, numbers(links("a", "a", "b")))
        first = order_all(me, preview)
        assert len(first.context["outcome"].placed) == 3
        again = order_all(me, preview)
        assert Order.objects.count() == 3
        assert len(again.context["outcome"].before) == 3
        assert "3 lines were placed before" in text_of(again)
        assert "is set aside for" not in text_of(again).split("placed before")[0]
        assert audit().problems == []

    def test_a_line_placed_before_is_found_though_its_service_is_gone(self, me, catalogue, numbers):
        preview = look(me, numbers(links("a")))
        order_all(me, preview)
        Service.objects.filter(pk=catalogue[SMM].pk).update(hidden=True)
        again = order_all(me, preview)
        assert len(again.context["outcome"].before) == 1
        assert again.context["outcome"].left == []

    def test_if_the_process_dies_in_the_middle_a_second_click_places_the_rest(self, me, rich, numbers, monkeypatch):
        preview = look(me, numbers(links("a", "b", "c", "d")))
        real, calls = place_many.place.order, []

        def dies(**given):
            calls.append(given)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return real(**given)

        monkeypatch.setattr(place_many.place, "order", dies)
        with pytest.raises(KeyboardInterrupt):
            order_all(me, preview)
        assert Order.objects.count() == 2
        monkeypatch.setattr(place_many.place, "order", real)
        response = order_all(me, preview)
        outcome = response.context["outcome"]
        assert (len(outcome.before), len(outcome.placed)) == (2, 2)
        assert [order.link[-1] for order in Order.objects.order_by("pk")] == ["a", "b", "c", "d"]
        assert audit().problems == []

    def test_where_the_balance_ends_it_stops_and_says_so(self, client, stranger, catalogue, numbers):
        charge = catalogue[SMM].price / 10
        account = ledger.account_of(stranger)
        ledger.adjust(account=account, amount=charge * 2, key="two", memo="two", now=timezone.now())
        client.force_login(stranger)
        preview = look(client, numbers(links("a", "b", "c", "d")))
        assert "enough for the first 2 lines" in text_of(preview)
        response = order_all(client, preview)
        text = text_of(response)
        assert Order.objects.count() == 2
        assert "2 orders are placed" in text
        assert "Then the balance was used up" in text
        assert fields(response)["text"] == numbers(links("c", "d"))
        # With more money the rest goes out, and only the rest, from either page.
        ledger.adjust(account=account, amount=charge * 9, key="more", memo="more", now=timezone.now())
        rest = order_all(client, response)
        assert len(rest.context["outcome"].placed) == 2
        assert len(order_all(client, preview).context["outcome"].before) == 4
        assert Order.objects.count() == 4
        assert audit().problems == []

    def test_of_two_lines_alike_the_one_that_is_left_is_not_taken_for_the_other(
        self, client, stranger, catalogue, numbers
    ):
        charge = catalogue[SMM].price / 10
        account = ledger.account_of(stranger)
        ledger.adjust(account=account, amount=charge, key="one", memo="one", now=timezone.now())
        client.force_login(stranger)
        preview = look(client, numbers(links("a", "a")))
        response = order_all(client, preview)
        assert Order.objects.count() == 1
        ledger.adjust(account=account, amount=charge * 9, key="more", memo="more", now=timezone.now())
        assert len(order_all(client, response).context["outcome"].placed) == 1
        assert Order.objects.count() == 2
        assert len(order_all(client, preview).context["outcome"].before) == 2
        assert Order.objects.count() == 2

    def test_a_price_that_rose_needs_a_second_yes(self, me, catalogue, numbers):
        preview = look(me, numbers(links("a")))
        Service.objects.filter(pk=catalogue[SMM].pk).update(price=catalogue[SMM].price + 1)
        response = order_all(me, preview)
        assert Order.objects.count() == 0
        assert "The price rose from" in text_of(response)
        assert "no money moved" in text_of(response)
        assert len(order_all(me, response).context["outcome"].placed) == 1
        assert Order.objects.get().price == catalogue[SMM].price + 1

    def test_lines_that_were_changed_after_the_check_are_checked_first(self, me, numbers):
        preview = look(me, numbers(links("a")))
        response = order_all(me, preview, text=numbers(links("a", "b")))
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "not those that were checked" in text_of(response)
        assert Order.objects.count() == 0
        assert len(order_all(me, response).context["outcome"].placed) == 2

    @pytest.mark.parametrize(
        "more",
        [
            {"agreed": ""},
            {"agreed": "x:y:z 1x1:NaN:1 ::"},
            {"agreed": "9" * 5000},
            {"form_key": ""},
            {"form_key": "zz"},
            {"seen": ""},
        ],
    )
    def test_a_form_of_somebody_elses_making_orders_nothing(self, me, rich, numbers, more):
        response = order_all(me, look(me, numbers(links("a"))), **more)
        assert response.status_code in (HTTPStatus.OK, HTTPStatus.UNPROCESSABLE_ENTITY)
        assert Order.objects.count() == 0
        assert ledger.account_of(rich).held == 0

    def test_what_there_is_no_time_for_goes_out_with_the_next_click(self, me, numbers, monkeypatch):
        preview = look(me, numbers(links("a", "b", "c")))
        monkeypatch.setitem(place_many.place_many.__kwdefaults__, "patience", -1.0)
        response = order_all(me, preview)
        assert Order.objects.count() == 0
        assert "no time for 3 more" in text_of(response)
        monkeypatch.setitem(place_many.place_many.__kwdefaults__, "patience", 60.0)
        assert len(order_all(me, response).context["outcome"].placed) == 3

    def test_another_customers_form_places_orders_of_ones_own(self, me, client, rich, stranger, numbers):
        """A form key opens nothing that is another's."""
        preview = look(me, numbers(links("a")))
        order_all(me, preview)
        client.force_login(stranger)
        response = order_all(client, preview)
        assert response.context["outcome"].before == []
        assert not Order.objects.filter(customer=stranger).exists()

    def test_a_thousand_good_lines_are_checked_in_as_many_queries_as_one(self, rich, catalogue, numbers):
        lines = read(numbers("\n".join(f"{{{SMM}}} | x.com/{n} | 100" for n in range(MOST_LINES))))
        with CaptureQueriesContext(connection) as seen:
            sheet = mass.check(customer=rich, lines=lines, form_key="k", done={})
        assert len(sheet.good) == MOST_LINES
        # The services may be asked for in two parts, as SQLite wants it.
        assert len(seen) <= 6
        assert sheet.total == MOST_LINES * Decimal(catalogue[SMM].price / 10)


@pytest.mark.django_db(transaction=True)
def test_a_double_click_places_each_line_once(catalogue, rich, numbers):
    """Two requests with one form, side by side."""
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connections
    from django.test import Client

    browser = Client()
    browser.force_login(rich)
    preview = look(browser, numbers(links("a", "b", "c", "a")))
    given = {**fields(preview), "act": "place"}

    def send(_):
        try:
            mine = Client()
            mine.cookies = browser.cookies
            return mine.post(MASS, given).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(send, range(3))) == {200}
    assert Order.objects.filter(state=states.PLACED).count() == 4
    assert audit().problems == []


def test_the_address_has_its_name():
    assert reverse("orders:mass") == MASS
