"""Transfers that an operator checks, and the proofs that customers send."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from core.models import Alert, StaffAct
from funds import check, prove
from funds.models import Bonus, Proof, TopUp
from tests.admin.test_order_acts import hidden, text
from tests.funds.conftest import OPENED, balance, later

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def begun(by_transfer, add):
    """$100 with $2.50 of fee, not sent yet."""
    return add("100", "transfer")


def hand_in(me, top_up, content=PNG, name="proof.png", reference="my bank", kind="image/png"):
    sent = {"reference": reference}
    if content is not None:
        sent["proof"] = SimpleUploadedFile(name, content, content_type=kind)
    return me.post(f"/wallet/top-ups/{top_up.token}/proof/", sent)


def act(desk, top_up, path, **typed):
    address = reverse(f"admin:funds_topup_{path}", args=[top_up.pk])
    answer = desk.post(address, {**hidden(desk.get(address)), **typed})
    if answer.status_code == 200 and 'name="confirmed"' in text(answer):
        answer = desk.post(address, hidden(answer), follow=True)
    return answer


def test_the_customer_reads_where_to_send_what_as_plain_text(begun, me):
    page = text(me.get(begun.answer["Location"]))
    assert "$102.50" in page
    assert "IBAN DE00 &lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "Bank &lt;b&gt;" in page


def test_a_proof_hands_it_to_the_operators_and_credits_nothing(begun, me, customer):
    assert hand_in(me, begun).status_code == 302
    begun.refresh_from_db()
    assert (begun.state, begun.reference) == ("CHECKING", "my bank")
    assert balance(customer) == OPENED
    assert Alert.objects.get().key == f"topup:{begun.pk}"


def test_a_reference_is_enough_and_the_same_file_is_one_proof(begun, me):
    assert hand_in(me, begun, content=None).status_code == 302
    for _twice in range(2):
        assert hand_in(me, begun).status_code == 302
    assert Proof.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"<svg onload=alert(1)>", "no picture or PDF"),
        (b"<html><script>alert(1)</script>", "no picture or PDF"),
        (b"MZ" + b"\0" * 50, "no picture or PDF"),
        (b"", "This file is empty."),
        (PNG + b"\0" * prove.LARGEST, "too large"),
    ],
)
def test_what_is_no_picture_is_refused_whatever_it_is_called(begun, me, content, sentence):
    answer = hand_in(me, begun, content=content)
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert "my bank" in text(answer)
    assert not Proof.objects.exists()
    begun.refresh_from_db()
    assert begun.state == "OPEN"


def test_a_missing_reference_is_said_beside_its_field(begun, me):
    answer = hand_in(me, begun, reference=" ")
    assert answer.status_code == 422
    assert "find your transfer by" in text(answer)
    assert hand_in(me, begun, reference="a\0b").status_code == 422


def test_there_is_an_end_to_files(begun, me):
    for number in range(prove.MOST):
        hand_in(me, begun, content=PNG + bytes([number]))
    assert hand_in(me, begun, content=PNG + b"more").status_code == 422
    assert Proof.objects.count() == prove.MOST


@pytest.mark.parametrize(
    ("name", "kept"),
    [("../../etc/passwd", "passwd"), ("a\\b<img src=x>.png", "b<img src=x>.png"), ("x\u202egnp.exe", "xgnp.exe")],
)
def test_a_hostile_name_is_only_text(begun, me, name, kept):
    proved = prove.prove(
        token=begun.token, customer=begun.customer, reference="r", name=name, content=PNG, now=begun.created_at
    )
    assert proved.proofs.get().name == kept
    page = text(me.get(f"/wallet/top-ups/{begun.token}/"))
    assert "<img src=x>" not in page


def test_a_proof_is_its_owners_and_the_operators_alone_and_is_never_run(begun, me, them, desk, client):
    hand_in(me, begun, content=b"%PDF-1.7 <script>", name="x.html", kind="text/html")
    hand_in(me, begun)
    pdf, png = Proof.objects.order_by("pk")
    address = f"/wallet/proofs/{png.pk}/"
    assert client.get(address).status_code == 302
    assert them.get(address).status_code == 404
    for who in (me, desk):
        answer = who.get(address)
        assert answer.content == PNG
        assert answer["Content-Type"] == "image/png"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert "no-store" in answer["Cache-Control"]
        assert answer["Content-Disposition"] == f'inline; filename="proof-{png.pk}.png"'
    assert me.get(f"/wallet/proofs/{pdf.pk}/")["Content-Disposition"].startswith("attachment")


def test_a_look_of_an_operators_is_on_record_and_asks_for_their_second_factor(begun, me, desk, settings):
    hand_in(me, begun)
    address = f"/wallet/proofs/{Proof.objects.get().pk}/"
    me.get(address)
    assert not StaffAct.objects.filter(said__contains="proof").exists()
    desk.get(address)
    act = StaffAct.objects.get(said__contains="proof")
    assert (act.table, act.row) == ("funds.topup", str(begun.pk))
    settings.STAFF_NEEDS_TWO_FACTORS = True
    assert desk.get(address).status_code == 404
    assert StaffAct.objects.filter(said__contains="proof").count() == 1


def test_staff_without_the_permission_see_no_proof(begun, me, stranger, them):
    hand_in(me, begun)
    type(stranger).objects.filter(pk=stranger.pk).update(is_staff=True)
    assert them.get(f"/wallet/proofs/{Proof.objects.get().pk}/").status_code == 404


def test_another_customer_can_not_prove_it(begun, them):
    assert hand_in(them, begun).status_code == 404


def test_an_operator_credits_what_came(begun, me, desk, customer, operator):
    hand_in(me, begun)
    answer = act(desk, begun, "credit", received="102.50", reason="on the account")
    assert "$100.00 were credited" in text(answer)
    begun.refresh_from_db()
    assert (begun.state, begun.decided_by, begun.received) == ("PAID", operator, Decimal("102.50"))
    assert balance(customer) == OPENED + 100
    assert not Alert.objects.filter(resolved_at=None).exists()
    # A second yes, from another tab.
    again = desk.post(
        reverse("admin:funds_topup_credit", args=[begun.pk]),
        {"received": "102.50", "reason": "x", "confirmed": "1"},
    )
    assert "credited before" in text(again)
    assert balance(customer) == OPENED + 100


def test_less_brings_its_share_and_no_bonus(by_transfer, add, desk, customer):
    Bonus.objects.create(from_amount=100, percent=10)
    top_up = add("100", "transfer")
    assert top_up.bonus == 10
    asked = desk.post(
        reverse("admin:funds_topup_credit", args=[top_up.pk]), {"received": "51.25", "reason": "half of it"}
    )
    assert "$50.00" in text(asked)
    act(desk, top_up, "credit", received="51.25", reason="half of it")
    assert balance(customer) == OPENED + 50


@pytest.mark.parametrize("received", ["0", "-5", "0.001", "abc", "", "99999999999"])
def test_nonsense_credits_nothing(begun, desk, customer, received):
    answer = act(desk, begun, "credit", received=received, reason="x")
    assert answer.status_code == 200
    assert balance(customer) == OPENED
    assert TopUp.objects.get().state == "OPEN"


def test_an_operator_refuses_with_a_reason_that_the_customer_reads(begun, me, desk, customer):
    hand_in(me, begun)
    act(desk, begun, "refuse", reason="Nothing <b>came</b>")
    page = text(me.get(f"/wallet/top-ups/{begun.token}/"))
    assert "Nothing &lt;b&gt;came" in page
    assert hand_in(me, begun, content=PNG + b"2").status_code == 422
    # It came after all.
    act(desk, begun, "credit", received="102.50", reason="late")
    assert balance(customer) == OPENED + 100


def test_what_nobody_spoke_of_expires_and_can_still_be_proved(begun, me, now):
    assert check.expire(now=later(now, days=6)) == 0
    assert check.expire(now=later(now, days=8)) == 1
    assert "heard nothing of this transfer" in text(me.get(f"/wallet/top-ups/{begun.token}/"))
    hand_in(me, begun)
    assert TopUp.objects.get().state == "CHECKING"
    assert check.expire(now=later(now, days=80)) == 0


def test_providers_are_not_asked_about_transfers(begun, now, desk):
    assert check.check_due(now=later(now, days=1)) == 0
    assert desk.get(reverse("admin:funds_topup_ask", args=[begun.pk])).status_code == 302
