"""Whoever is suspended buys by no dialect and in no way; each says so in its own words, and nothing is set aside."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts import suspensions
from catalog.models import Service
from conduct.models import Block
from orders.models import Order, Plan
from reseller.books import audit
from sms.models import Purchase
from tests.api.test_handler import USA, bot, hasty, listen_to, service, worker
from wallet import ledger

__all__ = ["bot", "hasty", "listen_to", "service", "worker"]
pytestmark = pytest.mark.django_db(transaction=True)
LINK = "https://instagram.com/name"
SMM = 1


@pytest.fixture
def shut(rich, operator, now):
    def shut(degree, **more):
        suspensions.suspend(
            customer=rich, degree=degree, reason="odd", told="Write to us.", operator=operator, now=now, **more
        )

    return shut


@pytest.fixture(autouse=True)
def _nothing_bought(transactional_db):
    yield
    assert audit().problems == []


def nothing_was_bought(customer):
    account = ledger.account_of(customer)
    account.refresh_from_db()
    return not (Order.objects.exists() or Purchase.objects.exists() or Plan.objects.exists() or account.held)


def ways(ask, ask_panel, bot, service, project):
    """What each way of buying answers."""
    order = {"service": Service.objects.get(upstream_id=SMM).pk, "quantity": 1000, "link": LINK}
    return {
        "order": ask("add", **order)["error"],
        "panel": ask_panel("add", **order)["error"],
        "drip": ask_panel("add", **order, runs=2, interval=5)["error"],
        "number": ask("add_sms", project_id=project.pk)["error"],
        "bot": bot("getNumber", service=service, country=USA),
        "bot v2": str(bot("getNumberV2", service=service, country=USA)),
    }


@pytest.mark.parametrize("degree", ["PURCHASE", "API", "LOG_IN"])
def test_nobody_suspended_buys_by_program(shut, catalogue, ask, ask_panel, bot, service, project, rich, degree, now):
    shut(degree, ends_at=now + timedelta(hours=1))
    for way, said in ways(ask, ask_panel, bot, service, project).items():
        told = "BANNED:" in said or "INACTIVE" in said if way.startswith("bot") else "Write to us." in said
        assert told, (way, said)
    assert nothing_was_bought(rich)


@pytest.mark.parametrize("degree", ["PURCHASE", "LOG_IN"])
def test_nobody_suspended_buys_on_a_page(shut, catalogue, project, rich, degree):
    client = Client()
    client.force_login(rich)
    own = Service.objects.get(upstream_id=SMM)
    pages = {
        "order": reverse("orders:service", args=[own.pk]),
        "number": reverse("sms:project", args=[project.pk]),
        "mass": reverse("orders:mass"),
    }
    filled = {
        name: {field: form[field].value() or "" for field in form.fields}
        for name, form in ((name, client.get(page).context["form"]) for name, page in pages.items())
    }
    text = f"{own.pk} | {LINK} | 1000"
    looked = client.post(pages["mass"], {"text": text, "act": "check"}).context
    placing = {name: looked[name] for name in ("form_key", "seen", "done", "agreed")}
    shut(degree)
    order = {**filled["order"], "quantity": "1000", "link": LINK}
    answers = [
        client.post(pages["mass"], {"text": text, "act": "place", **placing}),
        client.post(pages["order"], order),
        client.post(pages["order"], {**order, "runs": "2", "interval": "5"}),
        client.post(pages["number"], {**filled["number"], "quantity": "1"}),
    ]
    for answer in answers:
        if degree == "LOG_IN":
            assert answer["Location"].startswith(reverse("account_login"))
        else:
            assert "Write to us." in answer.content.decode(), answer.status_code
    assert nothing_was_bought(rich)


def test_what_is_on_the_blocklist_is_sold_by_no_dialect(catalogue, ask, ask_panel, bot, service, project, rich):
    from catalog import blocked

    Block.objects.create(kind="DOMAIN", value="instagram.com", match="instagram.com", reason="Not here.")
    Block.objects.create(kind="COUNTRY", value="US", match="us", reason="Not here.")
    blocked.mark()
    for way, said in ways(ask, ask_panel, bot, service, project).items():
        assert (
            "NO_NUMBERS" in said or "BAD_" in said or "WRONG_" in said if way.startswith("bot") else "Not here." in said
        ), (
            way,
            said,
        )
    assert nothing_was_bought(rich)
