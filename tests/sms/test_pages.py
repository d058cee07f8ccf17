"""The customer's pages of numbers: what opens, what is refused in words, what a stranger must not see."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from core.money import plain
from reseller.books import audit
from sms import acquire, listen, shelf, states
from sms.models import Country, Favourite, Message, Number, Project, Purchase, Site
from upstream import forwarding
from wallet import ledger

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert('x')</script>"
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _books():
    yield
    assert audit().problems == []


def _client(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def shopper(rich):
    """The customer's browser."""
    return _client(rich)


@pytest.fixture
def other(stranger):
    """Another customer's browser."""
    return _client(stranger)


@pytest.fixture
def arrived(bought, sandbox, listen_to):
    """`arrived(quantity)` buys numbers, each with its code and text."""

    def arrived(quantity=1, **more):
        sandbox.plan_sms(behaviour="code", seconds=5, code="123456", content="Your code is 123456", times=1)
        purchase = bought(quantity, **more)
        acquire.acquire(purchase_id=purchase.pk)
        sandbox.advance(6)
        return [listen_to(number) for number in purchase.numbers.all()]

    return arrived


def text(answer):
    return answer.content.decode()


def form_of(project, **typed):
    return {"quantity": 1, "phone": "", "shown_price": plain(project.price), "form_key": "k1", **typed}


def page_of(project):
    return reverse("sms:project", args=[project.pk])


def money(user):
    account = ledger.account_of(user)
    return account.balance, account.held


def count(client, address, **more):
    client.get(address, **more)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address, **more)
    assert answer.status_code in (200, 204)
    return len(queries)


class TestChoosing:
    def test_sites_with_lowest_price_and_countries_are_open_to_everybody(self, client, project):
        answer = client.get(reverse("sms:sites"))
        assert answer.status_code == 200
        row = next(site for site in answer.context["page"] if site.pk == project.site_id)
        prices = [each.price for each in shelf.projects_of(project.site_id)]
        assert (row.lowest, row.countries) == (min(prices), len(prices))
        assert project.site.name in text(answer)

    def test_the_search_finds_every_word_and_lives_in_the_address(self, client, projects):
        answer = client.get(reverse("sms:sites"), {"q": "CHATGPT open", "sort": "price"}, headers=HTMX)
        assert [site.name for site in answer.context["page"]] == ["OpenAI / ChatGPT"]
        assert "<html" not in text(answer)
        assert answer["HX-Replace-Url"] == "/numbers/?q=CHATGPT+open&sort=price"
        assert "HX-Request" in answer["Vary"]

    @pytest.mark.parametrize(
        "query", ["?q=zzzz", "?q=%00", "?page=x", "?page=9999", "?sort=nonsense", "?q=" + "a+" * 300]
    )
    def test_odd_addresses_are_answered(self, client, projects, query):
        assert client.get(reverse("sms:sites") + query).status_code == 200

    def test_nothing_on_sale_says_so(self, client, db):
        assert "No numbers are on sale right now" in text(client.get(reverse("sms:sites")))

    def test_what_is_hidden_or_off_sale_is_not_offered(self, client, project):
        page = reverse("sms:site", args=[project.site_id])
        for change in [{"hidden": True}, {"hidden": False, "state": "WITHDRAWN"}, {"state": "SUSPENDED"}]:
            Project.objects.filter(pk=project.pk).update(**change)
            assert project not in client.get(page).context["projects"]
        Country.objects.filter(pk=project.country_id).update(hidden=True)
        assert client.get(page_of(project)).status_code == 404
        Site.objects.filter(pk=project.site_id).update(hidden=True)
        assert client.get(page).status_code == 404
        assert project.site_id not in {site.pk for site in client.get(reverse("sms:sites")).context["page"]}

    def test_countries_come_cheapest_first(self, client, project):
        prices = [each.price for each in client.get(reverse("sms:site", args=[project.site_id])).context["projects"]]
        assert prices == sorted(prices)
        assert len(prices) > 1

    @pytest.mark.parametrize("words", ["united stat", "us", "US", "+1", "États-Unis", "美国"])
    def test_a_country_is_found_by_its_names_and_codes(self, client, project, words):
        language = {"É": "fr", "美": "zh-hans"}.get(words[0], "en")
        with translation.override(language):
            found = shelf.projects_of(project.site_id, words)
        assert project in found
        if language == "en":
            assert project in client.get(reverse("sms:site", args=[project.site_id]), {"q": words}).context["projects"]

    def test_countries_bear_their_name_in_the_readers_language(self, client, project):
        answer = client.get(reverse("sms:site", args=[project.site_id]), headers={"Accept-Language": "zh-hans"})
        assert "美国" in text(answer)

    def test_what_usually_delivers_is_said_where_it_is_known(self, client, project):
        assert "usually delivers" not in text(client.get(reverse("sms:site", args=[project.site_id])))
        Project.objects.filter(pk=project.pk).update(delivery_rate=87, median_seconds=12)
        assert "usually delivers 87% in 12\u00a0s" in text(client.get(reverse("sms:site", args=[project.site_id])))
        Project.objects.filter(pk=project.pk).update(delivery_rate=93, median_seconds=180)
        assert "usually delivers 93% in 3\u00a0min" in text(client.get(reverse("sms:site", args=[project.site_id])))
        # None of its numbers got a code: there is no time to tell.
        Project.objects.filter(pk=project.pk).update(delivery_rate=0, median_seconds=None)
        page = text(client.get(reverse("sms:site", args=[project.site_id])))
        assert "usually delivers 0%" in page
        assert "0% in" not in page
        Project.objects.filter(pk=project.pk).update(delivery_rate=87, median_seconds=12)
        best = client.get(reverse("sms:site", args=[project.site_id]), {"sort": "delivery"}).context["projects"][0]
        assert best == project

    def test_favourite_and_recent_choices_stand_on_top(self, shopper, rich, project, bought, projects):
        kept = next(each for each in projects.values() if each.pk != project.pk)
        Favourite.objects.create(customer=rich, project=kept)
        bought()
        answer = shopper.get(reverse("sms:sites"))
        assert list(answer.context["favourites"]) == [kept]
        assert answer.context["recent"] == [project]

    def test_a_star_is_put_and_taken(self, shopper, other, rich, project):
        address = reverse("sms:favourite", args=[project.pk])
        assert shopper.get(address).status_code == 405
        assert shopper.post(address)["Location"] == reverse("sms:site", args=[project.site_id])
        assert Favourite.objects.filter(customer=rich).count() == 1
        assert shopper.get(page_of(project)).context["kept"] is True
        assert other.get(page_of(project)).context["kept"] is False
        assert 'aria-pressed="false"' in text(shopper.post(address, headers=HTMX))
        assert shopper.post(reverse("sms:favourite", args=[10**9])).status_code == 404

    def test_names_of_the_vendor_show_as_text(self, client, shopper, rich, project):
        Site.objects.filter(pk=project.site_id).update(name=f"A {HOSTILE}")
        Country.objects.filter(pk=project.country_id).update(name=f"B {HOSTILE}", region="")
        Favourite.objects.create(customer=rich, project=project)
        for address in [reverse("sms:sites"), reverse("sms:site", args=[project.site_id]), page_of(project)]:
            for browser in (client, shopper):
                shown = text(browser.get(address))
                assert HOSTILE not in shown
                assert "&lt;script&gt;" in shown

    def test_pages_ask_as_often_for_many_rows_as_for_few(self, shopper, rich, project, projects):
        addresses = [reverse("sms:sites"), reverse("sms:site", args=[project.site_id]), page_of(project)]
        few = [count(shopper, address) for address in addresses]
        Favourite.objects.bulk_create(Favourite(customer=rich, project=each) for each in list(projects.values())[:20])
        assert [count(shopper, address) for address in addresses] == few


class TestBuying:
    def test_the_form_shows_total_and_what_is_left(self, shopper, rich, project):
        answer = shopper.get(page_of(project), {"quantity": "3"})
        assert answer.context["charge"] == answer.context["price"] * 3
        assert answer.context["after"] == ledger.account_of(rich).available - answer.context["charge"]
        assert "You pay only for numbers that receive a code." in text(answer)

    def test_buying_leads_to_the_board_and_says_what_happened_to_the_money(self, shopper, rich, project):
        answer = shopper.post(page_of(project), form_of(project, quantity=3), follow=True)
        assert answer.redirect_chain == [(reverse("sms:board"), 302)]
        purchase = Purchase.objects.get()
        assert (purchase.quantity, purchase.customer) == (3, rich)
        assert "is set aside" in text(answer)
        assert "Getting your 3 numbers" in text(answer)

    def test_the_same_form_twice_is_one_purchase(self, shopper, rich, project):
        for _ in range(2):
            assert shopper.post(page_of(project), form_of(project, quantity=2)).status_code == 302
        purchase = Purchase.objects.get()
        assert money(rich)[1] == purchase.total

    @pytest.mark.parametrize("typed", ["0", "11", "-1", "two", "", "1.5", "9" * 40])
    def test_a_bad_quantity_is_said_beside_it_and_stays(self, shopper, rich, project, typed):
        answer = shopper.post(page_of(project), form_of(project, quantity=typed))
        assert answer.status_code == 422
        assert answer.context["form"].errors["quantity"]
        shown = re.search(r'<input[^>]*name="quantity"[^>]*>', text(answer))[0]
        assert 'aria-invalid="true"' in shown
        assert 'aria-describedby="id_quantity_error"' in shown
        assert 'id="id_quantity_error"' in text(answer)
        assert not typed or f'value="{typed}"' in shown
        assert Purchase.objects.count() == 0
        assert money(rich)[1] == 0

    def test_a_phone_that_is_not_theirs_is_refused_in_words(self, other, stranger, project, arrived, now):
        number = arrived()[0]
        ledger.adjust(account=ledger.account_of(stranger), amount=Decimal(50), key="s", memo="s", now=now)
        answer = other.post(page_of(project), form_of(project, phone=number.e164))
        assert answer.status_code == 422
        assert "You can use again only a number that you bought in this country." in text(answer)
        assert f'value="{number.e164}"' in text(answer)
        assert "<details" in text(answer)
        assert Purchase.objects.filter(customer=stranger).count() == 0
        assert money(stranger) == (Decimal(50), 0)

    def test_own_numbers_that_are_done_are_offered_to_use_again(self, shopper, other, project, arrived, rich, now):
        number = arrived()[0]
        assert shopper.get(page_of(project)).context["numbers"] == []
        shopper.post(reverse("sms:finish", args=[number.pk]))
        assert shopper.get(page_of(project)).context["numbers"] == [number]
        assert other.get(page_of(project)).context["numbers"] == []
        answer = shopper.get(page_of(project), {"phone": str(number)})
        assert f'value="{number}"' in text(answer)
        assert answer.context["again"]
        assert shopper.post(page_of(project), form_of(project, phone=str(number))).status_code == 302
        assert Purchase.objects.latest("pk").phone == number.phone

    def test_two_of_one_number_is_refused(self, shopper, project, arrived):
        number = arrived()[0]
        answer = shopper.post(page_of(project), form_of(project, phone=str(number), quantity=2))
        assert answer.status_code == 422
        assert "quantity" in answer.context["form"].errors

    def test_a_price_that_rose_asks_for_another_yes(self, shopper, rich, project):
        form = form_of(project)
        Project.objects.filter(pk=project.pk).update(price=project.price + 1)
        answer = shopper.post(page_of(project), form)
        assert answer.status_code == 422
        assert "The price rose from" in text(answer)
        assert f'value="{plain(project.price + 1)}"' in text(answer)
        assert money(rich)[1] == 0
        assert shopper.post(page_of(project), {**form, "shown_price": plain(project.price + 1)}).status_code == 302

    def test_without_enough_money_the_wallet_is_a_click_away(self, customer, project):
        Project.objects.filter(pk=project.pk).update(price=Decimal(20))
        project.refresh_from_db()
        answer = _client(customer).post(page_of(project), form_of(project, quantity=3))
        assert answer.status_code == 422
        assert "more is needed" in text(answer)
        assert f'href="{reverse("wallet:statement")}">See how to add funds' in text(answer)
        assert Purchase.objects.count() == 0
        assert money(customer) == (Decimal(50), 0)

    def test_whoever_is_signed_out_is_asked_to_log_in_and_comes_back(self, client, project):
        shown = text(client.get(page_of(project)))
        assert "Log in to buy" in shown
        assert "data-balance" not in shown
        answer = client.post(page_of(project), form_of(project, quantity=3))
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("account_login"))
        assert "quantity%3D3" in answer["Location"]
        assert Purchase.objects.count() == 0

    def test_an_unknown_project_is_404(self, shopper, db):
        for address in [reverse("sms:project", args=[10**9]), reverse("sms:site", args=[10**9])]:
            assert shopper.get(address).status_code == 404
        assert shopper.post(reverse("sms:project", args=[10**9]), {}).status_code == 404

    def test_what_went_off_sale_meanwhile_can_not_be_bought(self, shopper, rich, project):
        Project.objects.filter(pk=project.pk).update(state="WITHDRAWN")
        assert "not on sale in this country" in text(shopper.get(page_of(project)))
        answer = shopper.post(page_of(project), form_of(project))
        assert answer.status_code == 422
        assert "not offered in this country" in text(answer)
        assert money(rich)[1] == 0


class TestBoard:
    @pytest.fixture
    def board(self):
        return reverse("sms:board")

    def test_it_wants_a_log_in(self, client, board):
        assert client.get(board)["Location"].startswith(reverse("account_login"))
        assert client.get(board, headers=HTMX)["HX-Redirect"].startswith(reverse("account_login"))

    def test_it_is_empty_at_first_and_says_what_to_do(self, shopper, board):
        answer = shopper.get(board)
        assert "No numbers yet" in text(answer)
        assert "hx-get" not in text(answer).partition("<main")[2]

    def test_numbers_with_countdown_and_then_the_code(self, shopper, bought, sandbox, listen_to, board):
        sandbox.plan_sms(behaviour="code", seconds=20, code="123456", content=f"Code {HOSTILE} 123456")
        purchase = bought()
        acquire.acquire(purchase_id=purchase.pk)
        number = purchase.numbers.get()
        waiting = text(shopper.get(board))
        assert f'data-copy="{number.e164}"' in waiting
        assert f'data-copy="{number.e164[2:]}"' in waiting
        assert "data-countdown" in waiting
        assert 'hx-trigger="every 2s' in waiting
        assert 'aria-live="polite"' in waiting
        sandbox.advance(21)
        listen_to(number)
        answer = text(shopper.get(board))
        assert 'data-copy="123456"' in answer
        assert HOSTILE not in answer
        assert "Code &lt;script&gt;" in answer
        assert "Done" in answer

    def test_several_messages_come_newest_first(self, shopper, arrived, board, now):
        number = arrived()[0]
        Message.objects.create(number=number, code="777777", text="second", fingerprint="f", received_at=now)
        shown = text(shopper.get(board))
        assert shown.index("777777") < shown.index("123456")

    def test_nothing_new_is_204_in_five_queries(self, shopper, bought, board):
        acquire.acquire(purchase_id=bought(10).pk)
        version = shopper.get(board).context["version"]
        with CaptureQueriesContext(connection) as queries:
            answer = shopper.get(board, {"since": version}, headers=HTMX)
        assert (answer.status_code, answer.content) == (204, b"")
        assert len(queries) <= 5
        assert shopper.get(board, {"since": "another"}, headers=HTMX).status_code == 200

    def test_whatever_it_shows_changes_its_version(self, shopper, bought, sandbox, listen_to, board, rich, now):
        seen = []

        def version():
            seen.append(shopper.get(board).context["version"])

        sandbox.plan_sms(behaviour="code", seconds=20)
        version()
        purchase = bought(2)
        version()
        acquire.acquire(purchase_id=purchase.pk)
        version()
        number = purchase.numbers.first()
        Number.objects.filter(pk=number.pk).update(expires_at=now + timedelta(minutes=3))
        version()
        sandbox.advance(21)
        listen_to(number)
        version()
        shopper.post(reverse("sms:finish", args=[number.pk]))
        version()
        assert len(set(seen)) == len(seen)

    def test_a_part_is_only_the_part_with_the_balance(self, shopper, arrived, board):
        arrived()
        part = text(shopper.get(board, headers=HTMX))
        assert "<html" not in part
        assert part.count('id="board"') == 1
        assert 'hx-swap-oob="innerHTML:#balance"' in part

    def test_it_asks_as_often_for_many_numbers_as_for_few(self, shopper, arrived, board):
        arrived(1)
        few = count(shopper, board)
        arrived(10)
        arrived(5)
        assert count(shopper, board) == few

    def test_it_polls_only_while_something_is_live(self, shopper, bought, sandbox, listen_to, board):
        sandbox.plan_sms(behaviour="expire", lifetime=60)
        purchase = bought()
        acquire.acquire(purchase_id=purchase.pk)
        assert "hx-get" in text(shopper.get(board)).split('id="board"')[1][:200]
        sandbox.advance(61)
        listen_to(purchase.numbers.get())
        shown = text(shopper.get(board))
        assert "hx-get" not in shown.split('id="board"')[1][:200]
        assert "No code came." in shown
        assert "is back in your balance" in shown

    def test_a_refusal_says_why_and_that_the_money_is_back(self, shopper, bought, sandbox, board):
        purchase = bought(4)
        sandbox.fault("words", action="add_sms", times=1, words="No numbers available")
        acquire.acquire(purchase_id=purchase.pk)
        shown = text(shopper.get(board))
        assert "There are no free numbers right now." in shown
        assert "is back in your balance" in shown

    def test_fewer_numbers_than_asked_for_are_counted(self, shopper, bought, sandbox, board):
        sandbox.plan_sms(give=2)
        purchase = bought(5)
        acquire.acquire(purchase_id=purchase.pk)
        assert "Only 2 of 5 numbers were free." in text(shopper.get(board))

    def test_an_unknown_fate_is_told_without_the_vendor(self, shopper, bought, sandbox, board):
        purchase = bought(2)
        sandbox.fault("lost_after", action="add_sms", times=1)
        assert acquire.acquire(purchase_id=purchase.pk) == states.UNCERTAIN
        shown = text(shopper.get(board))
        assert "This takes longer than usual" in shown
        assert "vendor" not in shown.lower()

    def test_a_live_purchase_stays_on_it_however_old(self, shopper, rich, bought, board):
        first = bought()
        acquire.acquire(purchase_id=first.pk)
        Purchase.objects.exclude(pk=first.pk).update(state=states.CLOSED)
        for _ in range(15):
            last = bought()
            forwarding.forward(acquire.DESK, pk=last.pk)
            for number in last.numbers.all():
                listen.end(number, states.EXPIRED, timezone.now())
        shown = [purchase.pk for purchase in shopper.get(board).context["purchases"]]
        assert first.pk in shown
        assert len(shown) == 13

    def test_a_stranger_sees_nothing_and_can_end_nothing(self, other, arrived, board):
        number = arrived()[0]
        for address in [board, reverse("sms:history"), reverse("sms:history_csv")]:
            answer = other.get(address)
            shown = b"".join(answer.streaming_content).decode() if answer.streaming else text(answer)
            assert str(number) not in shown
            assert "123456" not in shown
        assert other.post(reverse("sms:finish", args=[number.pk])).status_code == 404
        number.refresh_from_db()
        assert number.state == states.RECEIVED

    def test_done_ends_the_waiting(self, shopper, client, arrived, board, bought):
        number = arrived()[0]
        address = reverse("sms:finish", args=[number.pk])
        assert shopper.get(address).status_code == 405
        assert client.post(address)["Location"].startswith(reverse("account_login"))
        answer = shopper.post(address, follow=True)
        assert "is finished" in text(answer)
        assert f"?phone=%2B{number.e164[1:]}" in text(answer)
        number.refresh_from_db()
        assert number.state == states.FINISHED
        assert shopper.post(address).status_code == 302
        assert shopper.post(reverse("sms:finish", args=[10**9])).status_code == 404

    def test_without_a_code_it_can_not_be_ended(self, shopper, bought):
        purchase = bought()
        acquire.acquire(purchase_id=purchase.pk)
        answer = shopper.post(reverse("sms:finish", args=[purchase.numbers.get().pk]), follow=True)
        assert "No code has come yet" in text(answer)


class TestHistory:
    @pytest.fixture
    def history(self):
        return reverse("sms:history")

    def test_it_has_every_number_with_its_messages(self, shopper, arrived, history):
        ids = [number.pk for number in arrived(2)]
        answer = shopper.get(history)
        assert [number.pk for number in answer.context["numbers"]] == sorted(ids, reverse=True)
        assert "Your code is 123456" in text(answer)

    def test_it_is_searched_by_phone_site_and_country(self, shopper, arrived, history):
        number = arrived()[0]
        name = number.purchase.site_name
        spaced = f"+1 {number.e164[2:5]}-{number.e164[5:]}"
        for words in [number.e164, number.e164[-4:], spaced, name, name.upper(), "united states", f"{name} states"]:
            assert shopper.get(history, {"q": words}).context["numbers"] == [number], words
        for words in ["zzz", "Kenya", f"{name} Kenya"]:
            assert shopper.get(history, {"q": words}).context["numbers"] == [], words
        assert shopper.get(history, {"status": "code"}).context["numbers"] == [number]
        assert shopper.get(history, {"status": "none"}).context["numbers"] == []
        assert "No number fits" in text(shopper.get(history, {"status": "none"}))

    @pytest.mark.parametrize("query", ["?before=x", "?before=" + "9" * 30, "?status=nonsense", "?q=%00", "?q=((((1"])
    def test_odd_addresses_are_answered(self, shopper, history, query):
        assert shopper.get(history + query).status_code == 200

    def test_it_walks_back_page_by_page(self, shopper, bought, history):
        for _ in range(4):
            acquire.acquire(purchase_id=bought(10).pk)
        first = shopper.get(history)
        assert len(first.context["numbers"]) == 30
        rest = shopper.get(history, {"before": first.context["next_before"]})
        assert len(rest.context["numbers"]) == 10
        assert rest.context["next_before"] is None
        assert count(shopper, history) == count(shopper, history + f"?before={first.context['next_before']}")

    def test_the_export_has_what_was_found(self, shopper, arrived, bought):
        number = arrived()[0]
        acquire.acquire(purchase_id=bought().pk)
        answer = shopper.get(reverse("sms:history_csv"), {"status": "code"})
        lines = b"".join(answer.streaming_content).decode().splitlines()
        assert len(lines) == 2
        for part in [number.e164, "123456", "Your code is 123456", plain(number.purchase.price)]:
            assert part in lines[1] or Decimal(lines[1].split(",")[-1]) == number.purchase.price
        assert "attachment" in answer["Content-Disposition"]

    def test_messages_and_names_show_as_text(self, shopper, arrived, history, now):
        number = arrived()[0]
        Purchase.objects.update(site_name=HOSTILE)
        Message.objects.create(number=number, code=HOSTILE, text=HOSTILE * 20, fingerprint="f", received_at=now)
        for address in [history, reverse("sms:board")]:
            assert HOSTILE not in text(shopper.get(address))
            assert "&lt;script&gt;" in text(shopper.get(address))
