"""Deleting an account: the person goes, the books stay, and it is refused while something is under way."""

from decimal import Decimal
from http import HTTPStatus

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import CHANGE, LogEntry
from django.core import mail
from django.core.serializers import serialize
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Acceptance, Place, User
from api.models import Call, Event, Key, Webhook
from catalog.models import Favourite as KeptService
from catalog.models import StockWish
from desk.models import Message as Written
from desk.models import Request
from funds.models import Proof, TopUp
from notices.models import Notice, Switches
from orders.models import Attempt, DeliveredItem, GoodsReveal, Order, Plan
from privacy import delete
from privacy.models import Deletion
from reconcile.run import reconcile
from reseller.books import audit
from sms.models import Attempt as PurchaseAttempt
from sms.models import Favourite, Message
from tests.accounts.test_log_ins import alive, log_in
from tests.conftest import PASSWORD
from tests.privacy.conftest import LINK, SAID, SMM
from tests.reconcile.conftest import open_findings
from wallet import ledger
from wallet.models import Hold, Transfer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books():
    yield
    assert audit().problems == []


def gone(person: User, **more) -> Deletion:
    return delete.account(user=person, **{"gives_up_balance": True, "now": timezone.now(), **more})


def test_the_person_is_gone(known):
    secrets = [item.text for item in DeliveredItem.objects.all()] + [message.code for message in Message.objects.all()]
    assert len(secrets) == 4

    gone(known)

    person = User.objects.get(pk=known.pk)
    assert (person.email, person.get_full_name(), person.is_active) == (f"deleted-{known.pk}@invalid", "", False)
    assert not person.has_usable_password()
    for rows in (EmailAddress, Authenticator, UserSession, Place):
        assert not rows.objects.filter(user=person).exists()
    for rows in (Key, Webhook, Event, Favourite):
        assert not rows.objects.filter(customer=person).exists()
    assert not Call.objects.exists()
    assert [order.link for order in Order.objects.all()] == ["", ""]
    assert {item.text for item in DeliveredItem.objects.all()} == {""}
    assert {(message.code, message.text) for message in Message.objects.all()} == {("", "")}
    assert Acceptance.objects.get(user=person).address is None
    assert Plan.objects.get().link == ""
    assert not Proof.objects.exists()
    for rows in (Notice, Switches, KeptService, StockWish):
        assert not rows.objects.filter(customer=person).exists()
    assert {written.text for written in Written.objects.all()} == {""}
    assert "203.0.113.9" not in GoodsReveal.objects.values_list("address", flat=True)
    everything = serialize(
        "json",
        [
            row
            for rows in (User, Order, Attempt, PurchaseAttempt, Message, Request, TopUp, Plan)
            for row in rows.objects.all()
        ],
    )
    for word in ("customer@example.com", "Li Wei", LINK, SAID, *secrets):
        assert word not in everything


def test_the_books_stay(known):
    before = list(Transfer.objects.order_by("pk").values())
    orders = list(Order.objects.order_by("pk").values_list("pk", "charge", "cost", "state", "delivered", "placed_at"))
    holds = list(Hold.objects.order_by("pk").values())
    left = ledger.account_of(known).available

    row = gone(known)

    *same, last = Transfer.objects.order_by("pk").values()
    assert same == before
    assert (last["amount"], last["memo"], last["key"]) == (left, delete.MEMO, f"user:{known.pk}:deleted")
    assert row.given_up == left
    assert list(Hold.objects.order_by("pk").values()) == holds
    kept = Order.objects.order_by("pk").values_list("pk", "charge", "cost", "state", "delivered", "placed_at")
    assert list(kept) == orders
    assert ledger.account_of(known).balance == 0
    assert DeliveredItem.objects.count() == 3


def test_the_hourly_comparison_finds_as_little_as_before(known):
    reconcile(now=timezone.now())
    before = open_findings()

    gone(known)
    reconcile(now=timezone.now())

    assert open_findings() == before


def test_every_way_in_is_shut(known, stranger):
    inside, foreign = log_in(known), log_in(stranger)

    gone(known)

    assert not alive(inside)
    assert alive(foreign)
    client = Client()
    client.post(reverse("account_login"), {"login": "customer@example.com", "password": PASSWORD})
    assert "_auth_user_id" not in client.session
    client.post(reverse("account_reset_password"), {"email": "customer@example.com"})
    assert mail.outbox == []


def test_the_address_is_free_again(known, client: Client):
    gone(known)

    made = known.acceptances.first().terms
    given = {"email": "customer@example.com", "password1": PASSWORD, "terms": "on", "terms_version": made.pk}
    client.post(reverse("account_signup"), given)

    assert User.objects.get(email="customer@example.com").pk != known.pk
    assert client.get(reverse("orders:list")).content.decode().count(LINK) == 0


def test_nothing_of_others_is_touched(known, stranger, placed, now):
    ledger.adjust(account=ledger.account_of(stranger), amount=Decimal(50), key="x", memo="x", now=now)
    theirs = placed(SMM, customer=stranger, link="https://instagram.com/other")
    log_in(stranger)

    gone(known)

    theirs.refresh_from_db()
    assert theirs.link == "https://instagram.com/other"
    assert EmailAddress.objects.filter(user=stranger).exists()
    assert UserSession.objects.filter(user=stranger).exists()


def test_the_operators_log_names_nobody(known, operator):
    LogEntry.objects.log_actions(operator.pk, [known], CHANGE, change_message="Suspended.", single_object=True)

    gone(known)

    assert [entry.object_repr for entry in LogEntry.objects.all()] == [f"Account {known.pk}"]


def test_twice_is_once(known):
    first = gone(known)

    assert gone(User.objects.get(pk=known.pk)) == first
    assert Transfer.objects.filter(memo=delete.MEMO).count() == 1


# ── Refusals ───────────────────────────────────────────────────────────────────────────────────────
def test_money_is_not_lost_without_a_yes(known):
    with pytest.raises(delete.BalanceLeft):
        gone(known, gives_up_balance=False)

    known.refresh_from_db()
    assert known.is_active
    assert DeliveredItem.objects.exclude(order=None).first().text


def test_who_has_nothing_left_gives_up_nothing(stranger):
    assert gone(stranger, gives_up_balance=False).given_up == 0
    assert not Transfer.objects.exists()


def test_an_open_order_is_waited_for(known, placed):
    placed(SMM)

    with pytest.raises(delete.CantDelete, match="orders are still open"):
        gone(known)


def test_an_open_number_is_waited_for(known, bought):
    bought(1)

    with pytest.raises(delete.CantDelete, match="numbers still wait"):
        gone(known)


def test_an_open_request_is_waited_for(known):
    order = Order.objects.first()
    Request.objects.create(customer=order.customer, order=order, kind="REFILL", asked_at=timezone.now())

    with pytest.raises(delete.CantDelete, match="request of yours is still open"):
        gone(known)


def test_an_operator_cant_delete_themselves(operator):
    with pytest.raises(delete.CantDelete, match="You run the shop"):
        gone(operator)


def test_a_failure_half_way_changes_nothing(known):
    # The last thing that is written is the name that the row gets, and somebody has it.
    User.objects.create_user(f"deleted-{known.pk}@invalid")

    with pytest.raises(IntegrityError):
        gone(known)

    known.refresh_from_db()
    assert (known.email, known.is_active) == ("customer@example.com", True)
    assert Key.objects.filter(customer=known).exists()
    assert Order.objects.filter(link=LINK).exists()
    assert not Transfer.objects.filter(memo=delete.MEMO).exists()


# ── The page ───────────────────────────────────────────────────────────────────────────────────────
def test_the_page_deletes_says_goodbye_and_logs_out(known):
    client = log_in(known)
    assert "$" in client.get(reverse("privacy:delete")).content.decode()

    response = client.post(reverse("privacy:delete"), {"password": PASSWORD, "give_up": "on"}, follow=True)

    assert response.redirect_chain == [(reverse("privacy:deleted"), HTTPStatus.FOUND)]
    assert "Your account is deleted" in response.content.decode()
    assert Deletion.objects.filter(customer=known).exists()
    assert not alive(client)
    assert [message.to for message in mail.outbox] == [["customer@example.com"]]
    assert "last message to this address" in str(mail.outbox[0].body)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"give_up": "on"}, "Enter your password."),
        ({"password": "wrong", "give_up": "on"}, "This is not your password."),
        ({"password": PASSWORD}, "Spend them first, or say that you give them up."),
    ],
)
def test_what_is_missing_is_said_and_nothing_happens(known, given: dict, sentence: str):
    client = log_in(known)

    response = client.post(reverse("privacy:delete"), given)

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert sentence in response.content.decode()
    assert alive(client)
    assert not Deletion.objects.exists()


def test_the_password_cant_be_guessed_here(known):
    client = log_in(known)
    for number in range(5):
        client.post(reverse("privacy:delete"), {"password": f"{number}", "give_up": "on"})

    page = client.post(reverse("privacy:delete"), {"password": PASSWORD, "give_up": "on"}).content.decode()

    assert "Too many failed attempts" in page
    assert not Deletion.objects.exists()


def test_the_page_says_what_to_wait_for_and_has_no_button(known, placed):
    placed(SMM)

    page = log_in(known).get(reverse("privacy:delete")).content.decode()

    assert "orders are still open" in page
    assert "Delete my account for good" not in page


def test_operators_see_that_it_happened(known, operator, client: Client):
    gone(known)
    client.force_login(operator)

    page = client.get(reverse("admin:privacy_deletion_changelist")).content.decode()

    assert f"Account {known.pk}" in page
    assert client.get(reverse("admin:accounts_user_change", args=[known.pk])).status_code == HTTPStatus.OK
