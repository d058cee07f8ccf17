"""Another customer, or a visitor, who guesses the numbers of somebody's things gets nothing and changes nothing.

The table of URLs is gone through: an address with a number in it that is not filled in here fails.
"""

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from api import keys
from api.webhooks.models import Delivery
from funds.models import Proof, TopUp
from orders.models import DeliveredItem
from reseller.books import audit
from sms.models import Message, Number
from tests.lived_in import PAGES
from tests.lived_in.pages import CUSTOMER
from tests.security.conftest import browser, everything, words

pytestmark = pytest.mark.django_db

# Numbers of things that are for everybody, or that open by what only their owner knows.
FOR_ALL = {
    *("catalog:favourite", "catalog:wish", "catalog:stock", "orders:service", "sms:site", "sms:project"),
    *("sms:favourite", "desk:put_away", "terms:version", "referral", "static_process_payment", "notices:stop"),
    *("account_confirm_email", "account_reset_password_from_key"),
    # For operators; who may is tested with their roles.
    "first_run_part",
}


@pytest.fixture
def theirs(shop):
    """Addresses with something of the customer's in them: (name of the URL, arguments)."""
    goods, waiting = shop.orders["GOODS"], shop.numbers["WAITING"]
    hook, plan = shop.hooks[0].pk, shop.plans["ACTIVE"].pk
    paid = TopUp.objects.get(pk=shop.top_ups["PAID"].pk)
    delivery = Delivery.objects.filter(webhook=hook).first().pk
    passkey = Authenticator.objects.filter(user=shop.customer, type="webauthn").first().pk
    found = [
        *((name, [plan]) for name in ("orders:plan",)),
        *(("orders:change_plan", [plan, act]) for act in ("pause", "resume", "stop")),
        *((name, [goods.pk]) for name in ("orders:detail", "orders:again", "orders:reveal", "orders:copied")),
        *(("orders:items_file", [goods.pk, kind]) for kind in ("txt", "csv")),
        ("sms:finish", [waiting.pk]),
        *((name, [shop.top_ups["OPEN"].token]) for name in ("funds:top_up", "funds:pay", "funds:pay_by_dummy")),
        ("funds:hand_in", [shop.top_ups["CHECKING"].token]),
        ("funds:proof", [Proof.objects.first().pk]),
        ("funds:receipt", [paid.deposit_id]),
        ("accounts:end_session", [UserSession.objects.filter(user=shop.customer).first().pk]),
        ("desk:request", [shop.requests["OPEN"].pk]),
        ("api:revoke", [shop.keys[0].pk]),
        *((f"api:webhook{act}", [hook]) for act in ("", "_rotate", "_switch", "_remove", "_test")),
        ("api:webhook_resend", [hook, delivery]),
        *((f"mfa_{act}_webauthn", [passkey]) for act in ("remove", "edit")),
    ]
    return [(name, reverse(name, args=arguments)) for name, arguments in found]


@pytest.fixture
def marks(shop):
    """Texts that only the customer may read."""
    found = {
        shop.customer.email,
        *(order.reference for order in shop.orders.values()),
        *(order.link for order in shop.orders.values() if order.link),
        *DeliveredItem.objects.values_list("text", flat=True),
        *(message.code for message in Message.objects.all()),
        *(number.e164 for number in Number.objects.all()),
        *(hook.url for hook in shop.hooks),
    }
    # Four digits in a row stand in many a token.
    return {mark for mark in found if len(mark) > 5}


def numbered(resolver, space="", above=0):
    for each in resolver.url_patterns:
        groups = above + each.pattern.regex.groups
        if isinstance(each, URLResolver):
            if each.namespace != "admin":
                yield from numbered(each, f"{space}{each.namespace}:" if each.namespace else space, groups)
        elif isinstance(each, URLPattern) and each.name and groups:
            yield space + each.name


def test_no_address_with_a_number_in_it_is_forgotten(theirs):
    assert set(numbered(get_resolver())) == {name for name, _path in theirs} | FOR_ALL


FORM = {
    **{"quantity": "1", "reason": "x", "text": "x", "kind": "OTHER", "items": "1", "name": "mine"},
    **{"reference": "x", "url": "https://example.com/", "key": "00000000-0000-4000-8000-000000000000"},
}


def test_another_customer_finds_nothing_there_and_changes_nothing(shop, theirs, marks):
    stranger = browser(shop.newcomer)
    before = everything()
    for name, path in theirs:
        for method, fragment in (("get", False), ("get", True), ("post", False), ("post", True)):
            headers = {"HX-Request": "true"} if fragment else {}
            answer = getattr(stranger, method)(path, FORM, headers=headers)
            assert answer.status_code in (404, 405), (name, method, fragment, answer.status_code)
            assert not [mark for mark in marks if mark in words(answer)], (name, method)
    assert everything() == before
    assert audit().problems == []


def test_a_visitor_is_led_to_the_log_in_and_changes_nothing(shop, theirs, marks):
    before = everything()
    for name, path in theirs:
        for method in ("get", "post"):
            answer = getattr(browser(), method)(path, FORM)
            where = answer.headers.get("Location", "")
            led = answer.status_code == 302 and where.startswith(reverse("account_login"))
            assert led or answer.status_code in (401, 404, 405), (name, method, answer.status_code, where)
            assert not [mark for mark in marks if mark in words(answer)], (name, method)
    assert everything() == before


def test_lists_and_pages_of_one_show_nothing_of_another(shop, marks):
    stranger = browser(shop.newcomer)
    for page in PAGES:
        # Without a number in them, or with one of a thing that is for all.
        if page.who != CUSTOMER or (page.args(shop) and page.view not in FOR_ALL):
            continue
        answer = stranger.get(page.path(shop), follow=True)
        assert not [mark for mark in marks if mark in words(answer)], page.name
    for name in ("orders:export", "sms:history_csv", "wallet:statement_csv"):
        assert not [mark for mark in marks if mark in words(stranger.get(reverse(name)))], name


def test_a_request_about_an_order_of_another_is_not_made(shop):
    stranger = browser(shop.newcomer)
    before = everything()
    for kind in ("REFILL", "CANCEL", "NOT_DELIVERED", "REPLACEMENT"):
        page = f"{reverse('desk:new')}?order={shop.orders['GOODS'].pk}&kind={kind}"
        assert stranger.get(page).status_code == 404
        assert stranger.post(page, {**FORM, "order": shop.orders["GOODS"].pk, "kind": kind}).status_code == 404
    assert everything() == before


def test_programs_of_another_customer_find_nothing_either(shop, marks, client):
    key, secret = keys.make(customer=shop.newcomer, name="mine", now=shop.now)
    order, number = shop.orders["GOODS"], shop.numbers["RECEIVED"]
    before = everything()
    v2 = [
        {"action": "status", "order": order.pk},
        {"action": "status", "orders": f"{order.pk},{shop.orders['RUNNING'].pk}"},
        *({"action": action, "order": number.pk} for action in ("sms_code", "sms_status")),
    ]
    for asked in v2:
        answer = client.post(reverse("api:v2"), {"key": secret, **asked})
        assert "error" in words(answer), asked
        assert not [mark for mark in marks if mark in words(answer)], asked
    panel = [
        *({"action": action, "order": order.pk} for action in ("status", "refill", "cancel")),
        *({"action": action, "orders": f"{order.pk}"} for action in ("status", "refill", "cancel")),
        {"action": "refill_status", "refill": shop.requests["OPEN"].pk},
    ]
    for asked in panel:
        answer = client.post(reverse("api:panel"), {"key": secret, **asked})
        assert "error" in words(answer), asked
        assert not [mark for mark in marks if mark in words(answer)], asked
    for asked in ({"action": "getStatus"}, {"action": "setStatus", "status": 6}, {"action": "setStatus", "status": 8}):
        answer = client.get(reverse("api:handler"), {"api_key": secret, "id": number.pk, **asked})
        assert answer.content == b"NO_ACTIVATION", asked
    key.refresh_from_db()
    after = everything()
    del before["api.Key"], after["api.Key"]
    assert after == before
