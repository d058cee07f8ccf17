"""What the blocklist forbids is neither seen nor sold, on pages and by program; the reason is told, and who tried."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from api import keys
from catalog import blocked, tree
from catalog.models import Category, Service
from catalog.search import Wanted, find
from conduct import note, watch
from conduct.models import Block, Hit
from orders import mass, place
from orders.models import Order, Plan
from orders.plans import begin, run
from sms import buy
from sms import shelf as numbers
from sms.models import Country, Project, Site

pytestmark = pytest.mark.django_db
REASON = "We do not sell that."


@pytest.fixture(autouse=True)
def _reachable_broker(broker):
    """Placing an order nudges a worker through it."""


def forbid(kind, value, **fields):
    block = Block.objects.create(kind=kind, value=value, match=fields.pop("match", value), reason=REASON, **fields)
    blocked.mark()
    return block


@pytest.fixture
def ask(customer, now):
    secret = keys.make(customer=customer, name="robot", now=now)[1]

    def ask(path, **params):
        return Client().post(path, {"key": secret, **params}).json()

    return ask


def wish(customer, service, link="https://good.example/a", **more):
    return {"customer": customer, "service_id": service.pk, "quantity": 100, "link": link, **more}


@pytest.mark.parametrize(("kind", "value"), [("SERVICE", "casino"), ("CATEGORY", "gaming")])
def test_services_disappear_everywhere_and_are_back_once_it_is_off(shelf, customer, ask, client, now, kind, value):
    bad, good = shelf("Casino likes", category="Gaming"), shelf("Likes")
    block = forbid(kind, value)
    bad.refresh_from_db()
    assert list(find(Wanted())) == [good]
    assert [each.name for each in tree.categories()] == ["Instagram"]
    assert client.get(f"/services/{bad.pk}/").status_code == 404
    assert [each["service"] for each in ask("/api/v2", action="services")["services"]] == [good.pk]
    assert [each["service"] for each in ask("/api/v2/panel", action="services")] == [good.pk]
    client.force_login(customer)
    sent = client.post(
        f"/services/{bad.pk}/",
        {"link": "a.example", "quantity": "100", "shown_price": "1", "shown_unit": "1000", "form_key": "k"},
    )
    assert REASON in sent.content.decode()
    told = ask("/api/v2", action="add", service=bad.pk, quantity=100, link="https://a.example")
    assert REASON in told["error"]
    block.refresh_from_db()
    assert (block.hits, Hit.objects.get().times) == (2, 2)
    assert not Order.objects.exists()
    block.active = False
    block.save()
    blocked.mark()
    assert set(find(Wanted())) == {bad, good}


def test_a_link_is_refused_beside_its_field_in_every_way_of_buying(shelf, customer, ask, now):
    service = shelf("Likes")
    forbid("DOMAIN", "evil.example")
    link = "https://www.EVIL.example/x"
    with pytest.raises(place.CantPlace) as refused:
        place.order(**wish(customer, service, link), now=now)
    assert refused.value.errors == {"link": REASON}
    with pytest.raises(place.CantPlace):
        begin.plan(**wish(customer, service, link), runs=2, interval=5, now=now)
    for path in ("/api/v2", "/api/v2/panel"):
        answer = ask(path, action="add", service=service.pk, quantity=100, link=link)
        assert answer["error"] == f"Link: {REASON}"
    assert (Hit.objects.get().times, Hit.objects.get().customer) == (4, customer)
    assert not Order.objects.exists()


def test_a_mass_order_says_it_of_each_line_in_as_many_queries_as_before(shelf, customer, rf):
    service, bad = shelf("Likes"), shelf("Casino likes")

    def checked(count):
        lines = [f"{service.pk} | https://evil.example/{n} | 100" for n in range(count)]
        read = mass.read("\n".join([*lines, f"{bad.pk} | https://good.example | 100"]))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            sheet = mass.check(customer=customer, lines=read, form_key="k", done={})
        return sheet, len(queries)

    forbid("DOMAIN", "evil.example")
    forbid("SERVICE", "casino")
    watch.now()
    few, many = checked(2), checked(40)
    assert {row.problem for row in many[0].rows} == {REASON}
    assert few[1] == many[1]
    assert all(row.block for row in many[0].rows)


@pytest.mark.parametrize("kind", ["DOMAIN", "SERVICE"])
def test_a_plan_ends_where_its_link_or_service_is_forbidden_meanwhile(shelf, customer, now, kind):
    service = shelf("Likes")
    start = now + timedelta(hours=1)
    plan = begin.plan(**wish(customer, service, "https://evil.example"), runs=2, interval=5, start_at=start, now=now)
    forbid(kind, "evil.example" if kind == "DOMAIN" else "likes")
    run.run(plan_id=plan.pk, now=start)
    plan.refresh_from_db()
    assert (plan.state, plan.reason) == (Plan.State.STOPPED, Plan.Reason.NOT_ALLOWED)
    customer.refresh_from_db()


@pytest.mark.parametrize(("kind", "value"), [("SITE", "openai / chatgpt"), ("COUNTRY", "us"), ("COUNTRY", "187")])
def test_numbers_disappear_everywhere_and_are_not_sold(db, customer, client, ask, now, kind, value):
    site = Site.objects.create(name="OpenAI / ChatGPT", folded="openai / chatgpt")
    country = Country.objects.create(code="187", name="United States", region="US")
    project = Project.objects.create(upstream_id="p", site=site, country=country, cost=1, price=2, changed_at=now)
    assert project in buy.on_shelf()
    forbid(kind, value)
    assert list(numbers.sites()) == []
    assert numbers.projects_of(site.pk) == []
    assert client.get(reverse("sms:project", args=[project.pk])).status_code == 404
    assert ask("/api/v2", action="sms_projects") == []
    assert ask("/api/v2", action="sms_countries") == []
    told = ask("/api/v2", action="add_sms", project_id=project.pk)
    assert REASON in told["error"]
    with pytest.raises(buy.NotAllowed):
        buy.numbers(customer=customer, project_id=project.pk, quantity=1, now=now)
    assert Hit.objects.get().times == 2


def test_a_change_of_the_list_holds_in_a_process_that_knew_the_old_one(db):
    block = forbid("DOMAIN", "evil.example")
    assert watch.now().find("evil.example")
    with CaptureQueriesContext(connection) as queries:
        watch.now()
    assert len(queries) == 1
    block.delete()
    assert watch.now().find("evil.example") is None


def test_only_so_many_tries_of_an_entry_are_kept(db, customer, now, monkeypatch):
    monkeypatch.setattr(note, "MOST", 3)
    block = forbid("WORD", "casino")
    for number in range(6):
        note.hit(block=block, customer=customer, what=f"{number}\x00", now=now + timedelta(seconds=number))
    block.refresh_from_db()
    assert block.hits == 6
    assert set(Hit.objects.values_list("what", flat=True)) == {"3", "4", "5"}


def test_a_sync_marks_what_it_brings(sandbox):
    from catalog.sync import sync_catalog

    forbid("SERVICE", "instagram")
    sync_catalog()
    assert Service.objects.filter(block__isnull=False).exists()
    assert not find(Wanted(words="instagram")).exists()
    assert Category.objects.exists()
