"""Numbers in the admin: pages for operators only, prices by rule, and the ways out of an unknown fate."""

from decimal import Decimal

import pytest
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from core.money import show
from reseller.books import audit
from sms import acquire, resolve, states
from sms.models import (
    Attempt,
    Country,
    MarkupRule,
    Message,
    Number,
    Project,
    Purchase,
    PurchaseEvent,
    Site,
    SuccessRate,
)
from sms.resume import resume
from sms.suspend import suspend
from wallet import ledger

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert('x')</script>"
MODELS = [Country, Site, Project, MarkupRule, Purchase, Attempt, PurchaseEvent, Number]
READ_ONLY = [Purchase, Attempt, PurchaseEvent, Number]


@pytest.fixture(autouse=True)
def _books():
    yield
    assert audit().problems == []


def _client(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def desk(operator):
    """The operator's browser."""
    return _client(operator)


@pytest.fixture
def uncertain(bought, sandbox):
    """A purchase of three numbers of which nobody knows whether the vendor has it."""
    purchase = bought(3)
    sandbox.fault("lost_after", action="add_sms", times=1)
    assert acquire.acquire(purchase_id=purchase.pk) == states.UNCERTAIN
    purchase.refresh_from_db()
    return purchase


@pytest.fixture
def number(bought, sandbox, listen_to):
    """A number with its code."""
    sandbox.plan_sms(behaviour="code", seconds=5, code="123456", content=f"Code 123456 {HOSTILE}", times=1)
    purchase = bought()
    acquire.acquire(purchase_id=purchase.pk)
    sandbox.advance(6)
    return listen_to(purchase.numbers.get())


@pytest.fixture
def everything(uncertain, number, project):
    """At least one row of every table, with hostile text wherever the vendor's may be."""
    MarkupRule.objects.create(percent=10, project=project)
    Site.objects.filter(pk=project.site_id).update(name=HOSTILE)
    Country.objects.filter(pk=project.country_id).update(name=HOSTILE)
    Purchase.objects.update(site_name=HOSTILE, country_name=HOSTILE, flag=HOSTILE, phone=HOSTILE)
    Number.objects.update(phone=HOSTILE, e164="", flag=HOSTILE, upstream_status=HOSTILE)
    Attempt.objects.update(detail=HOSTILE, request={"project": HOSTILE})
    PurchaseEvent.objects.update(note=HOSTILE)


def text(answer):
    return answer.content.decode()


def address(model, page, *args):
    return reverse(f"admin:sms_{model._meta.model_name}_{page}", args=args)


def act(purchase, name):
    return reverse(f"admin:sms_purchase_{name}", args=[purchase.pk])


def money(user):
    account = ledger.account_of(user)
    return account.balance, account.held


def shown(project, column):
    """What the list of projects shows of one."""
    return str(getattr(site._registry[Project], column)(Project.objects.get(pk=project.pk)))


class TestPages:
    def test_lists_and_pages_open_with_hostile_text_as_text(self, desk, everything):
        for model in MODELS:
            for query in ["", "?q=7001", "?q=customer@example.com", "?q=%23" + "9" * 30, "?q=%00", "?q=chatgpt+us"]:
                answer = desk.get(address(model, "changelist") + query, follow=True)
                assert answer.status_code == 200, (model, query)
                assert HOSTILE not in text(answer), (model, query)
            for row in model.objects.all()[:3]:
                for page in ["change", "history"]:
                    answer = desk.get(address(model, page, row.pk))
                    assert answer.status_code == 200, (model, page)
                    assert HOSTILE not in text(answer), (model, page)
            for nothing in ["999999", "nonsense"]:
                assert "exist" in text(desk.get(address(model, "change", nothing), follow=True)), model

    def test_they_are_closed_to_customers_and_visitors(self, client, rich, everything, uncertain, number):
        shopper = _client(rich)
        clerk = _client(User.objects.create_user("clerk@example.com", "x", is_staff=True))
        pages = [address(model, "changelist") for model in MODELS]
        pages += [address(model, "change", model.objects.first().pk) for model in MODELS]
        pages += [act(uncertain, name) for name in ["found", "send_again", "give_up"]]
        pages += [reverse("admin:sms_number_messages", args=[number.pk])]
        pages += [reverse("admin:sms_project_put_back", args=[uncertain.project_id])]
        before = list(Purchase.objects.order_by("pk").values())
        for page in pages:
            for method in ("get", "post"):
                assert getattr(shopper, method)(page, follow=True).status_code == 403, page
                assert getattr(clerk, method)(page).status_code == 403, page
                sent = getattr(client, method)(page, follow=True)
                assert sent.redirect_chain[-1][0].startswith(reverse("account_login")), page
        assert list(Purchase.objects.order_by("pk").values()) == before

    def test_what_happened_is_read_only(self, desk, everything):
        for model in READ_ONLY:
            row = model.objects.first()
            assert desk.post(address(model, "add"), {}).status_code == 403, model
            assert desk.post(address(model, "change", row.pk), {}).status_code == 403, model
            assert desk.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403, model
            assert model.objects.filter(pk=row.pk).exists(), model

    def test_what_purchases_name_is_never_deleted(self, desk, everything):
        for model in [Country, Site, Project]:
            row = model.objects.first()
            assert desk.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403, model
            assert model.objects.filter(pk=row.pk).exists(), model

    @pytest.mark.parametrize("model", [Project, Purchase, Attempt, Number])
    def test_a_list_asks_as_often_for_many_rows_as_for_few(self, desk, bought, model):
        def count():
            desk.get(address(model, "changelist"))
            with CaptureQueriesContext(connection) as queries:
                assert desk.get(address(model, "changelist")).status_code == 200
            return len(queries)

        acquire.acquire(purchase_id=bought().pk)
        few = count()
        for _ in range(4):
            acquire.acquire(purchase_id=bought(4).pk)
        assert count() == few

    def test_a_purchase_shows_its_holds_numbers_calls_and_what_was_noted(self, desk, uncertain, number):
        shown = text(desk.get(address(Purchase, "change", uncertain.pk)))
        for words in ["on hold", "Unanswered", "uncertain:", "&quot;quantity", "The vendor has it", "Give up"]:
            assert words in shown
        done = text(desk.get(address(Purchase, "change", number.purchase_id)))
        assert f"{show(number.purchase.price)} paid" in done
        assert number.e164 in done
        assert "Give up" not in done

    def test_the_vendors_number_finds_purchase_and_number_once(self, desk, bought):
        purchase = bought(3)
        acquire.acquire(purchase_id=purchase.pk)
        number = purchase.numbers.first()
        Number.objects.filter(pk=number.pk).update(upstream_id=987654321)
        for model, row in [(Purchase, purchase), (Number, number)]:
            answer = desk.get(address(model, "changelist"), {"q": "987654321"})
            assert list(answer.context["cl"].result_list) == [row]

    def test_how_numbers_end_is_counted_by_country_and_site(self, desk, number, now):
        Number.objects.filter(pk=number.pk).update(finished_at=now, state=states.FINISHED)
        Purchase.objects.filter(pk=number.purchase_id).update(finished_at=now, state=states.CLOSED)
        for model in [Country, Site]:
            assert "100%" in text(desk.get(address(model, "changelist")))

    def test_what_the_vendor_charged_for_nothing_is_found(self, desk, bought, sandbox, listen_to):
        sandbox.plan_sms(behaviour="expire", lifetime=60)
        purchase = bought()
        acquire.acquire(purchase_id=purchase.pk)
        number = purchase.numbers.get()
        sandbox.advance(61)
        listen_to(number)
        Number.objects.update(upstream_charge=Decimal("0.4321"))
        answer = desk.get(address(Number, "changelist"), {"loss": "yes"})
        assert list(answer.context["cl"].result_list) == [number]
        assert "$0.4321" in text(answer)
        assert "−$0.4321" in text(desk.get(address(Number, "change", number.pk)))

    def test_codes_are_shown_only_after_a_yes_and_that_is_kept(self, desk, number):
        page = reverse("admin:sms_number_messages", args=[number.pk])
        for place in [address(Number, "changelist"), address(Number, "change", number.pk), page]:
            assert "123456" not in text(desk.get(place))
        shown = text(desk.post(page))
        assert "123456" in shown
        assert HOSTILE not in shown
        assert "Looked at its 1 messages." in text(desk.get(address(Number, "history", number.pk)))
        assert Message.objects.get().code == "123456"
        nobody = reverse("admin:sms_number_messages", args=[number.pk + 1])
        assert "exist" in text(desk.get(nobody, follow=True))

    def test_who_buys_many_numbers_and_uses_few_is_found(self, desk, rich, stranger, now, settings):
        settings.SMS_SUCCESS_FROM, settings.SMS_SUCCESS_BELOW = 10, 50
        for who, many in ((rich, 10), (stranger, 9)):
            SuccessRate.objects.create(customer=who, numbers=many, codes=4, percent=40, counted_at=now)
        page = address(SuccessRate, "changelist")
        assert desk.get(page).context["cl"].result_count == 2
        low = desk.get(page, {"success": "low"})
        assert [rate.customer for rate in low.context["cl"].result_list] == [rich]


class TestSelling:
    def test_a_site_a_country_and_a_project_can_be_hidden(self, desk, client, project):
        choice = {"action": "hide", "_selected_action": [project.pk]}
        answer = desk.post(address(Project, "changelist"), choice, follow=True)
        assert "Hidden: 1 of 1 chosen." in text(answer)
        page = reverse("sms:site", args=[project.site_id])
        assert project not in client.get(page).context["projects"]
        desk.post(address(Project, "changelist"), {**choice, "action": "show"})
        assert project in client.get(page).context["projects"]
        desk.post(address(Country, "change", project.country_id), {"region": "us", "hidden": "on"})
        country = Country.objects.get(pk=project.country_id)
        assert (country.region, country.hidden) == ("US", True)
        refused = desk.post(address(Country, "change", project.country_id), {"region": "QQ"})
        assert "There is no country with these letters." in text(refused)
        desk.post(address(Site, "change", project.site_id), {"hidden": "on"})
        assert Site.objects.get(pk=project.site_id).hidden

    def test_a_suspended_project_is_put_back(self, desk, project):
        page = reverse("admin:sms_project_put_back", args=[project.pk])
        assert "does not fit" in text(desk.get(page, follow=True))
        Project.objects.filter(pk=project.pk).update(state=Project.State.SUSPENDED)
        assert "Say why" in text(desk.post(page, {"reason": ""}))
        assert "on sale again" in text(desk.post(page, {"reason": "it was a slip"}, follow=True))
        project.refresh_from_db()
        assert project.state == Project.State.ON_SALE
        Project.objects.filter(pk=project.pk).update(state=Project.State.SUSPENDED)
        many = {"action": "put_back_on_sale", "_selected_action": [project.pk]}
        assert "1 back on sale." in text(desk.post(address(Project, "changelist"), many, follow=True))

    def test_one_that_is_put_back_already_is_left_alone(self, desk, project, now):
        page = reverse("admin:sms_project_put_back", args=[project.pk])
        suspend(project_id=project.pk, why="odd", now=now)
        assert resume(project_id=project.pk, now=now)
        # The page was open in another tab.
        answer = desk.post(page, {"reason": "it was a slip"}, follow=True)
        assert "It is not suspended any more" in text(answer)
        assert "It is not suspended any more" not in text(desk.get(address(Project, "history", project.pk)))
        many = {"action": "put_back_on_sale", "_selected_action": [project.pk]}
        assert "0 back on sale." in text(desk.post(address(Project, "changelist"), many, follow=True))

    @pytest.mark.parametrize(
        ("change", "label"),
        [
            ({}, "On sale"),
            ({"hidden": True}, "Hidden"),
            ({"state": "SUSPENDED", "hidden": True}, "Suspended"),
            ({"state": "WITHDRAWN"}, "Withdrawn"),
        ],
    )
    def test_a_project_says_whether_it_is_sold(self, project, change, label):
        Project.objects.filter(pk=project.pk).update(**change)
        assert label in shown(project, "label")

    def test_a_project_names_the_rule_that_sets_its_price(self, project):
        MarkupRule.objects.all().delete()
        assert shown(project, "rule") == "None: sold at cost"
        for place in ({}, {"country": project.country}, {"project": project}):
            made = MarkupRule.objects.create(percent=10, **place)
            assert address(MarkupRule, "change", made.pk) in shown(project, "rule"), "the narrowest one"

    def test_a_site_is_found_by_its_name_where_a_project_is_looked_for(self, desk, project):
        asked = {"app_label": "sms", "model_name": "project", "field_name": "site", "term": project.site.name}
        with CaptureQueriesContext(connection) as asks:
            found = desk.get(reverse("admin:autocomplete"), asked).json()["results"]
        assert str(project.site_id) in [each["id"] for each in found]
        assert not any("sms_number" in each["sql"] for each in asks), "nobody counts numbers to offer a name"

    def test_a_rule_sets_prices_at_once_and_says_how_many(self, desk, project):
        rule = {"percent": "50", "fixed": "0", "minimum_margin": "0", "rounding": "0.0001", "active": "on"}
        wish = {**rule, "country": project.country_id}
        seen = desk.post(address(MarkupRule, "add"), wish).context["preview"]
        assert not MarkupRule.objects.filter(country=project.country).exists()
        answer = desk.post(address(MarkupRule, "add"), {**wish, "confirmed": seen.digest}, follow=True)
        changed = Project.objects.filter(country=project.country).count()
        assert f"{changed} prices changed." in text(answer)
        project.refresh_from_db()
        assert project.price >= project.cost * Decimal("1.5")
        made = MarkupRule.objects.get(country=project.country)
        gone = address(MarkupRule, "delete", made.pk)
        yes = {"post": "yes", "confirmed": desk.get(gone).context["preview"].digest}
        answer = desk.post(gone, yes, follow=True)
        assert f"{changed} prices changed." in text(answer)

    def test_the_only_active_rule_for_all_numbers_stays(self, desk, project):
        MarkupRule.objects.all().delete()
        rule = MarkupRule.objects.create(percent=50)
        figures = {"percent": "50", "fixed": "0", "minimum_margin": "0", "rounding": "0.0001"}
        for typed in (figures, {**figures, "active": "on", "country": project.country_id}):
            assert "would sell at cost" in text(desk.post(address(MarkupRule, "change", rule.pk), typed))
        assert "would sell at cost" in text(desk.post(address(MarkupRule, "delete", rule.pk), {"post": "yes"}))
        assert rule.holds_alone

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"percent": "-1"}, "A rule only adds"),
            ({"fixed": "-0.1"}, "A rule only adds"),
            ({"rounding": "0"}, "Enter the step that prices are rounded up to"),
            ({"fixed": "ten"}, "Enter an amount such as 12.50."),
            ({"country": "C", "project": "P"}, "Choose one place"),
            ({"country": "TAKEN"}, "is active for this country already"),
        ],
    )
    def test_a_wrong_rule_is_refused_in_words(self, desk, project, wrong, words):
        MarkupRule.objects.create(percent=1, country=project.country)
        places = {"C": project.country_id, "TAKEN": project.country_id, "P": project.pk}
        rule = {"percent": "50", "fixed": "0", "minimum_margin": "0", "rounding": "0.0001", "active": "on", **wrong}
        answer = desk.post(address(MarkupRule, "add"), {k: places.get(v, v) for k, v in rule.items()})
        assert answer.status_code == 200
        assert words in text(answer)
        assert MarkupRule.objects.filter(country=project.country).count() == 1


class TestActs:
    def given(self, sandbox, many=2):
        return [(number.id, number.phone) for number in list(sandbox.vendor.numbers.values())[:many]]

    def test_what_the_vendor_has_is_entered_a_line_each(self, desk, uncertain, sandbox, rich):
        pairs = self.given(sandbox)
        lines = "\n \n".join(f"{order} {phone}" for order, phone in pairs)
        asked = desk.post(act(uncertain, "found"), {"numbers": lines, "reason": "seen there"})
        assert "2 of 3" in text(asked)
        assert "Back to the customer" in text(asked)
        uncertain.refresh_from_db()
        assert uncertain.state == states.UNCERTAIN
        done = desk.post(
            act(uncertain, "found"), {"numbers": lines, "reason": "seen there", "confirmed": "1"}, follow=True
        )
        assert "has 2 numbers and listens to them" in text(done)
        uncertain.refresh_from_db()
        assert uncertain.state == states.RUNNING
        assert set(uncertain.numbers.values_list("upstream_id", "phone")) == set(pairs)
        assert money(rich)[1] == uncertain.price * 2
        assert "seen there" in uncertain.events.last().note
        assert LogEntry.objects.filter(object_id=str(uncertain.pk)).count() == 1

    @pytest.mark.parametrize(
        ("lines", "words"),
        [
            ("", "Enter the numbers that the vendor gave."),
            ("12", "Line 1: write the order number"),
            ("12 +12025550143\nabc +12025550144", "Line 2: write the order number"),
            ("0 +12025550143", "Line 1: write the order number"),
            ("12 +12025550143\n12 +12025550144", "An order number is there twice."),
            ("12 +12025550143\n13 +12025550143", "A phone is there twice."),
            ("1 +12025550141\n2 +12025550142\n3 +12025550143\n4 +12025550144", "Enter from 1 to 3 numbers."),
        ],
    )
    def test_wrong_lines_are_refused_in_words_and_stay(self, desk, uncertain, rich, lines, words):
        answer = desk.post(act(uncertain, "found"), {"numbers": lines, "reason": "why", "confirmed": "1"})
        assert answer.status_code == 200
        assert words in text(answer)
        assert lines.split("\n")[0] in text(answer)
        uncertain.refresh_from_db()
        assert uncertain.state == states.UNCERTAIN
        assert money(rich)[1] == uncertain.total

    def test_too_many_numbers_are_refused_before_the_second_yes(self, desk, uncertain):
        lines = "\n".join(f"{order} +1202555014{order}" for order in range(1, 5))
        answer = desk.post(act(uncertain, "found"), {"numbers": lines, "reason": "why"})
        assert "Enter from 1 to 3 numbers." in text(answer)
        assert 'name="confirmed"' not in text(answer)

    @pytest.mark.parametrize("confirmed", [{}, {"confirmed": "1"}])
    def test_what_was_decided_meanwhile_is_not_decided_again(self, desk, uncertain, operator, rich, now, confirmed):
        resolve.give_up(purchase_id=uncertain.pk, operator=operator, reason="gone", now=now)
        answer = desk.post(act(uncertain, "found"), {"numbers": "12 +12025550143", "reason": "why", **confirmed})
        assert f"Purchase {uncertain.pk} is REJECTED, not UNCERTAIN." in text(answer)
        assert (uncertain.numbers.count(), money(rich)[1]) == (0, 0)

    def test_one_that_waits_for_its_next_try_goes_out_at_once(self, desk, bought, settings, sandbox, rich):
        settings.UPSTREAM_URL = "http://127.0.0.1:9/api/v2"
        purchase = bought(2)
        assert acquire.acquire(purchase_id=purchase.pk) == states.PLACED
        settings.UPSTREAM_URL = sandbox.url
        assert acquire.acquire(purchase_id=purchase.pk) is None
        page = act(purchase, "send_now")
        assert "Tries so far" in text(desk.get(page))
        assert "goes out" in text(desk.post(page, {"reason": "it is back"}, follow=True))
        assert acquire.acquire(purchase_id=purchase.pk) == states.RUNNING
        assert money(rich)[1] == purchase.total
        assert "does not fit" in text(desk.get(page, follow=True))

    def test_a_number_of_another_purchase_is_refused(self, desk, uncertain, number):
        lines = f"{number.upstream_id} {number.phone}"
        answer = desk.post(act(uncertain, "found"), {"numbers": lines, "reason": "why", "confirmed": "1"})
        assert "are ours already" in text(answer)
        uncertain.refresh_from_db()
        assert uncertain.state == states.UNCERTAIN

    def test_send_again_wants_proof_and_a_reason(self, desk, uncertain, rich):
        page = act(uncertain, "send_again")
        assert "bought twice" in text(desk.get(page))
        assert "Look it up with the vendor first" in text(desk.post(page, {"reason": "x"}))
        assert "Say why" in text(desk.post(page, {"sure": "on"}))
        done = desk.post(page, {"sure": "on", "reason": "not there"}, follow=True)
        assert "goes out again" in text(done)
        uncertain.refresh_from_db()
        assert uncertain.state == states.PLACED
        assert money(rich)[1] == uncertain.total

    def test_giving_up_frees_the_money(self, desk, uncertain, rich):
        page = act(uncertain, "give_up")
        assert desk.get(page).status_code == 200
        assert money(rich)[1] == uncertain.total
        done = desk.post(page, {"reason": "enough"}, follow=True)
        assert "are available to the customer again" in text(done)
        uncertain.refresh_from_db()
        assert uncertain.state == states.REJECTED
        assert money(rich)[1] == 0
        again = desk.post(page, {"reason": "enough"})
        assert "is REJECTED, not UNCERTAIN" in text(again)
