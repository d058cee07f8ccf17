"""What an operator decides about an order: each act in each state, bad input, a second click, the money."""

import re
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from core.models import Alert
from orders import states
from orders.models import OrderEvent
from reseller.books import audit
from tests.admin.conftest import balance

pytestmark = pytest.mark.django_db

FITTING = {
    states.PLACED: {"give_up"},
    states.UNCERTAIN: {"found", "send_again", "give_up"},
    states.RUNNING: {"ask", "finish"},
    states.COMPLETED: {"refund"},
    states.PARTIAL: {"refund"},
}
ACTS = ["found", "send_again", "give_up", "ask", "finish", "refund"]


@pytest.fixture(autouse=True)
def _books():
    yield
    assert audit().problems == []


def page(act, order):
    return reverse(f"admin:orders_order_{act}", args=[order.pk])


def text(answer):
    return answer.content.decode()


def hidden(answer):
    """The hidden fields of a page's form, as a browser would send them."""
    tags = re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", text(answer))
    pairs = [
        (re.search(r'name="([^"]*)"', tag)[1], (re.search(r'value="([^"]*)"', tag) or ["", ""])[1]) for tag in tags
    ]
    return {name: value for name, value in pairs if name != "csrfmiddlewaretoken"}


def agree(desk, act, order, **typed):
    """Fill in the form of an act with figures, and say yes to them."""
    form = desk.get(page(act, order))
    asked = desk.post(page(act, order), {**hidden(form), **typed})
    assert asked.status_code == 200
    sent = hidden(asked)
    assert sent["confirmed"] == "1"
    return sent, desk.post(page(act, order), sent, follow=True)


@pytest.mark.parametrize("state", [state for state, _ in states.CHOICES if state != states.SUBMITTING])
def test_a_page_offers_the_acts_that_fit_its_state_and_no_other(desk, everything, state):
    order = everything[state]
    shown = text(desk.get(reverse("admin:orders_order_change", args=[order.pk])))
    for act in ACTS:
        assert (page(act, order) in shown) == (act in FITTING.get(state, set())), act


@pytest.mark.parametrize("state", [state for state, _ in states.CHOICES if state != states.SUBMITTING])
@pytest.mark.parametrize("act", ACTS)
def test_an_act_that_does_not_fit_changes_nothing(desk, everything, state, act):
    order = everything[state]
    if act in FITTING.get(state, set()):
        return
    before = balance(order.customer)
    typed = {
        **{"reason": "because", "upstream_id": "5", "sure": "on", "delivered": "3", "amount": "0.5"},
        **{"key": "0d4d8bb4-6b3f-4b23-8f8e-2a0b5e1f3f10", "confirmed": "1"},
    }
    turned_away = desk.get(page(act, order), follow=True)
    assert "does not fit" in text(turned_away)
    answer = desk.post(page(act, order), typed, follow=True)
    assert answer.status_code == 200
    order.refresh_from_db()
    assert order.state == state
    after = balance(order.customer)
    assert (after.balance, after.held) == (before.balance, before.held)
    assert not LogEntry.objects.exists()


def test_the_vendor_has_it(desk, make, operator):
    order = make.uncertain()
    answer = desk.post(page("found", order), {"upstream_id": "555", "reason": "seen there"}, follow=True)
    assert "Until it ends, $1.25 stay on hold." in text(answer)
    order.refresh_from_db()
    assert (order.state, order.upstream_id) == (states.RUNNING, 555)
    assert balance(order.customer).held == order.charge
    event = order.events.get(kind=OrderEvent.Kind.RESOLVED)
    assert event.actor == operator
    assert "seen there" in event.note
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (operator, str(order.pk))
    assert "seen there" in entry.change_message
    assert not Alert.objects.filter(key=f"order:{order.pk}:uncertain", resolved_at=None).exists()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"upstream_id": "", "reason": "x"}, "Enter the number the vendor gave it."),
        ({"upstream_id": "abc", "reason": "x"}, "Enter a whole number."),
        ({"upstream_id": "0", "reason": "x"}, "Enter a number from 1."),
        ({"upstream_id": "9" * 30, "reason": "x"}, "This number is too large."),
        ({"upstream_id": "5", "reason": "  "}, "Say why"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(desk, make, typed, words):
    order = make.uncertain()
    answer = desk.post(page("found", order), typed)
    assert answer.status_code == 200
    assert words in text(answer)
    if typed["upstream_id"]:
        assert f'value="{typed["upstream_id"]}"' in text(answer)
    order.refresh_from_db()
    assert order.state == states.UNCERTAIN


def test_a_number_that_another_order_has_is_refused_beside_its_field(desk, make):
    other, order = make.running(upstream_id=777), make.uncertain()
    answer = desk.post(page("found", order), {"upstream_id": "777", "reason": "typed in haste"})
    assert answer.context["form"].errors["upstream_id"] == [f"The vendor's order 777 is our order {other.pk} already"]
    assert "typed in haste" in text(answer)
    order.refresh_from_db()
    assert order.state == states.UNCERTAIN


def test_not_accepted_goes_out_again_only_on_the_operators_word(desk, make):
    order = make.uncertain()
    answer = desk.post(page("send_again", order), {"reason": "not there"})
    assert "Look it up with the vendor first" in text(answer)
    order.refresh_from_db()
    assert order.state == states.UNCERTAIN
    desk.post(page("send_again", order), {"reason": "not there", "sure": "on"})
    order.refresh_from_db()
    assert order.state == states.PLACED
    assert balance(order.customer).held == order.charge


def test_giving_up_frees_the_money_once(desk, make):
    order = make.uncertain()
    held = balance(order.customer).held
    first = desk.post(page("give_up", order), {"reason": "lost"}, follow=True)
    assert "$1.25 are available to the customer again" in text(first)
    second = desk.post(page("give_up", order), {"reason": "lost"})
    assert f"Order {order.pk} is REJECTED, not UNCERTAIN or PLACED." in text(second)
    assert "lost" in text(second)
    order.refresh_from_db()
    assert order.state == states.REJECTED
    assert balance(order.customer).held == held - order.charge
    assert LogEntry.objects.count() == 1


def test_ending_by_hand_shows_what_the_customer_pays_before_it_does(desk, make):
    order = make.running()
    asked = desk.post(page("finish", order), {"delivered": "400", "reason": "stuck"})
    for words in ["400 of 1,000", "$0.50", "$0.75"]:
        assert words in text(asked)
    order.refresh_from_db()
    assert order.state == states.RUNNING
    done = desk.post(page("finish", order), hidden(asked), follow=True)
    assert "The customer paid $0.50 and got $0.75 back." in text(done)
    order.refresh_from_db()
    assert (order.state, order.delivered) == (states.PARTIAL, 400)
    assert order.hold.captured == Decimal("0.5")
    again = desk.post(page("finish", order), hidden(asked))
    assert f"Order {order.pk} is PARTIAL, not RUNNING." in text(again)


@pytest.mark.parametrize("delivered", ["1001", "-1", "", "1.5", "9" * 25])
def test_ending_by_hand_takes_only_what_was_ordered(desk, make, delivered):
    order = make.running()
    answer = desk.post(page("finish", order), {"delivered": delivered, "reason": "kept words", "confirmed": "1"})
    assert answer.context["form"].errors["delivered"]
    assert "kept words" in text(answer)
    order.refresh_from_db()
    assert order.state == states.RUNNING


def test_figures_can_be_changed_before_the_yes(desk, make):
    order = make.running()
    asked = desk.post(page("finish", order), {"delivered": "400", "reason": "kept words"})
    back = desk.post(page("finish", order), {**hidden(asked), "change": "1"})
    assert 'name="delivered" value="400"' in text(back)
    assert "kept words" in text(back)
    assert "confirmed" not in hidden(back)
    order.refresh_from_db()
    assert order.state == states.RUNNING


def test_a_refund_pays_back_once_however_often_it_is_clicked(desk, make):
    order = make.ended()
    before = balance(order.customer).balance
    sent, done = agree(desk, "refund", order, amount="0.50", reason="late")
    assert "$0.50 of order" in text(done)
    twice = desk.post(page("refund", order), sent, follow=True)
    assert "sent twice: it refunded once" in text(twice)
    assert balance(order.customer).balance == before + Decimal("0.5")
    assert order.events.filter(kind=OrderEvent.Kind.REFUNDED).count() == 1
    assert LogEntry.objects.count() == 1


def test_the_whole_refund_clicked_twice_says_that_it_was_paid_once(desk, make):
    order = make.ended()
    sent, _ = agree(desk, "refund", order, amount="1.25", reason="all of it")
    twice = desk.post(page("refund", order), sent, follow=True)
    assert "sent twice: it refunded once" in text(twice)
    assert page("refund", order) not in text(twice)


def test_a_used_form_does_not_refund_another_amount(desk, make):
    order = make.ended()
    sent, _ = agree(desk, "refund", order, amount="0.50", reason="late")
    answer = desk.post(page("refund", order), {**sent, "amount": "0.25"})
    assert "This form has refunded another amount already." in answer.context["form"].errors["amount"][0]
    order.hold.refresh_from_db()
    assert order.hold.refunded == Decimal("0.5")


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("1.2501", "At most $1.25 of this order can still be refunded."),
        ("0", "Enter an amount above zero."),
        ("-1", "Enter an amount above zero."),
        ("ten", "Enter an amount such as 12.50."),
        ("1e1", "Enter an amount such as 12.50."),
        ("0.1234567", "Use at most 6 decimals."),
        ("", "Enter an amount such as 12.50."),
        ("NaN", "Enter an amount such as 12.50."),
    ],
)
def test_a_refund_never_passes_what_was_paid(desk, make, amount, words):
    order = make.ended()
    form = desk.get(page("refund", order))
    answer = desk.post(page("refund", order), {**hidden(form), "amount": amount, "reason": "kept words"})
    assert answer.context["form"].errors["amount"] == [words]
    assert "kept words" in text(answer)
    order.hold.refresh_from_db()
    assert order.hold.refunded == 0


def test_asking_settles_what_has_ended(desk, make, sandbox, service):
    order = make.running()
    answer = desk.post(page("ask", order), follow=True)
    assert "The vendor does not say how it stands" in text(answer)  # the sandbox knows no such order
    order.refresh_from_db()
    assert order.state == states.RUNNING
    sandbox.fault(
        "answer",
        action="status",
        times=1,
        body={"status": "Partial", "charge": "0.40", "remains": "600", "start_count": "0", "currency": "USD"},
    )
    done = desk.post(page("ask", order), follow=True)
    assert "partial, 400 of 1,000 delivered. The customer paid $0.50 of $1.25." in text(done)
    order.refresh_from_db()
    assert order.state == states.PARTIAL


def test_asking_a_vendor_that_is_away_says_so_and_moves_nothing(desk, make):
    order = make.running()
    answer = desk.post(page("ask", order), follow=True)
    assert "No money moved." in text(answer)
    order.refresh_from_db()
    assert order.state == states.RUNNING


def test_an_act_wants_the_forms_own_token(operator, make):
    from django.test import Client

    order = make.uncertain()
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(operator)
    assert careful.post(page("give_up", order), {"reason": "x"}).status_code == 403
    order.refresh_from_db()
    assert order.state == states.UNCERTAIN


def test_someone_who_may_only_look_can_not_act(client, make):
    from django.contrib.auth.models import Permission

    from accounts.models import User

    order = make.uncertain()
    clerk = User.objects.create_user("clerk@example.com", "x", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_order"))
    client.force_login(clerk)
    shown = client.get(reverse("admin:orders_order_change", args=[order.pk]))
    assert shown.status_code == 200
    assert page("give_up", order) not in text(shown)
    assert client.post(page("give_up", order), {"reason": "x"}).status_code == 403
