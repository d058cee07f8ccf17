"""Money in, in the admin: every page opens with hostile text as text; methods, bonuses and debts."""

from decimal import Decimal

import pytest
from django.urls import reverse

from funds import prove
from funds.models import Batch, Bonus, Debt, Method, TopUp, Voucher
from tests.admin.test_order_acts import hidden, text
from tests.funds.conftest import OPENED, balance
from tests.funds.stripe_stand_in import dispute
from tests.funds.test_stripe import COMPLETED, spend
from tests.funds.test_vouchers import ADD, TYPED

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert('x')</script>"
READ_ONLY = [TopUp, Debt, Voucher]


@pytest.fixture
def everything(stripe, by_transfer, add, tell, me, desk, customer, now):
    """A row of each kind, with hostile words where somebody else writes them."""
    Bonus.objects.create(from_amount=100, percent=3)
    proved = add("50", "transfer", "t")
    prove.prove(
        token=proved.token,
        customer=customer,
        reference=HOSTILE,
        name=HOSTILE.replace("/", ""),
        content=b"%PDF-1.4",
        now=now,
    )
    top_up = add("40", "stripe", "s")
    session = stripe.pay(top_up.transaction_id)
    tell("stripe", *stripe.notice(COMPLETED, session))
    spend(customer, "80", now)
    tell("stripe", *stripe.notice("charge.dispute.created", dispute(session)))
    "".join(str(part) for part in desk.post(ADD, {**hidden(desk.get(ADD)), **TYPED, "name": HOSTILE}).streaming_content)


def test_lists_and_pages_open(everything, desk):
    for model in [TopUp, Method, Bonus, Debt, Batch, Voucher]:
        name = model._meta.model_name
        for query in ["", "?q=customer@example.com", "?q=%00", "?q=" + "9" * 40, "?q=x+y"]:
            answer = desk.get(reverse(f"admin:funds_{name}_changelist") + query, follow=True)
            assert answer.status_code == 200, (name, query)
            assert HOSTILE not in text(answer), (name, query)
        for row in model.objects.all():
            for page in ["change", "history"]:
                answer = desk.get(reverse(f"admin:funds_{name}_{page}", args=[row.pk]))
                assert answer.status_code == 200, (name, page)
                assert HOSTILE not in text(answer), (name, page)


def test_what_happened_can_be_read_and_not_written(everything, desk):
    for model in READ_ONLY:
        name = model._meta.model_name
        row = model.objects.first()
        assert desk.get(reverse(f"admin:funds_{name}_add")).status_code == 403, name
        assert desk.post(reverse(f"admin:funds_{name}_change", args=[row.pk]), {}).status_code == 403, name
        assert desk.post(reverse(f"admin:funds_{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403, name


def test_the_menu_leads_to_all_of_it(everything, desk):
    page = text(desk.get("/admin/"))
    for name in ["topup", "method", "bonus", "batch", "debt"]:
        assert reverse(f"admin:funds_{name}_changelist") in page
    assert "Top-ups to decide on" in page
    assert len(desk.get("/admin/funds/topup/?state__in=CHECKING,REVIEW").context["cl"].result_list) == 1


def test_only_acts_that_fit_are_offered(everything, desk):
    waiting, paid = TopUp.objects.order_by("pk")
    page = text(desk.get(reverse("admin:funds_topup_change", args=[waiting.pk])))
    assert reverse("admin:funds_topup_credit", args=[waiting.pk]) in page
    assert reverse("admin:funds_topup_ask", args=[waiting.pk]) not in page
    page = text(desk.get(reverse("admin:funds_topup_change", args=[paid.pk])))
    for path in ["credit", "refuse", "ask"]:
        assert reverse(f"admin:funds_topup_{path}", args=[paid.pk]) not in page


def test_an_operator_asks_the_provider(stripe, add, desk, customer):
    top_up = add("25", "stripe")
    stripe.pay(top_up.transaction_id)
    address = reverse("admin:funds_topup_ask", args=[top_up.pk])
    stripe.down = True
    assert "did not answer" in text(desk.post(address, follow=True))
    stripe.down = False
    assert "is added, by the provider" in text(desk.post(address, follow=True))
    assert balance(customer) == OPENED + 25


def test_an_operator_collects_and_forgives(everything, desk, customer, now):
    from wallet import ledger

    debt = Debt.objects.get()
    collect = reverse("admin:funds_debt_collect", args=[debt.pk])
    assert "Nothing is available" in text(desk.post(collect))
    ledger.adjust(account=ledger.account_of(customer), amount=Decimal(12), key="more", memo="m", now=now)
    assert "$12.00 were collected; $18.00 are left" in text(desk.post(collect, follow=True))
    forgive = reverse("admin:funds_debt_forgive", args=[debt.pk])
    assert "$18.00 are forgiven" in text(desk.post(forgive, {"reason": "a good customer"}, follow=True))
    debt.refresh_from_db()
    assert (debt.state, debt.left) == ("FORGIVEN", 0)
    assert desk.get(collect).status_code == 302
    assert balance(customer) == 0


METHOD = {
    **{"provider": "transfer", "name": "Bank", "name_zh": "", "minimum": "5", "maximum": "100", "fee_percent": "2.5"},
    **{"fee_fixed": "0", "instructions": "IBAN", "instructions_zh": "", "position": "0", "active": "on"},
}


def test_an_operator_sets_up_a_method(desk, me):
    assert desk.post("/admin/funds/method/add/", METHOD).status_code == 302
    method = Method.objects.get()
    assert (method.minimum, method.maximum, method.fee_percent) == (5, 100, Decimal("2.5"))
    assert "Bank" in text(me.get("/wallet/add/"))
    changed = {**METHOD, "maximum": "200"}
    assert desk.post(f"/admin/funds/method/{method.pk}/change/", changed).status_code == 302
    method.refresh_from_db()
    assert method.maximum == 200
    assert desk.post(f"/admin/funds/method/{method.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"minimum": "0"},
        {"minimum": "-1"},
        {"maximum": "4"},
        {"maximum": "100001"},
        {"fee_percent": "-1"},
        {"fee_percent": "51"},
        {"fee_fixed": "-0.1"},
        {"instructions": " "},
        {"name": ""},
        {"provider": "paypal"},
    ],
)
def test_a_method_that_makes_no_sense_is_refused_in_words(desk, wrong):
    answer = desk.post("/admin/funds/method/add/", {**METHOD, **wrong})
    assert answer.status_code == 200
    assert not Method.objects.exists()


@pytest.mark.parametrize("wrong", [{"percent": "0"}, {"percent": "51"}, {"from_amount": "0"}, {"from_amount": "x"}])
def test_a_bonus_that_makes_no_sense_is_refused_in_words(desk, wrong):
    given = {"from_amount": "100", "percent": "3", "active": "on"}
    assert desk.post("/admin/funds/bonus/add/", {**given, **wrong}).status_code == 200
    assert not Bonus.objects.exists()
    assert desk.post("/admin/funds/bonus/add/", given).status_code == 302
    assert desk.post("/admin/funds/bonus/add/", given).status_code == 200  # one for each amount
