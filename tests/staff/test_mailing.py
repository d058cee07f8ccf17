"""An e-mail to many customers: to whom, once, in their language, with a way out."""

from decimal import Decimal

import pytest
from django.core import mail
from django.urls import reverse

from accounts.models import CustomerGroup
from notices import mailing as mailings
from notices import send, switch
from notices.kinds import Kind
from notices.models import Mailing, Notice
from tests.conftest import _person
from wallet import ledger

pytestmark = pytest.mark.django_db


@pytest.fixture
def news(now):
    """A mailing that is not sent yet."""
    return Mailing.objects.create(
        subject_en="New services", text_en="Hello.\n\nWe sell more.", subject_zh="新服务", text_zh="你好。", made_at=now
    )


def to(mailing, audience, now, group=None):
    mailing.audience, mailing.group = audience, group
    mailing.save()
    return {person.email for person in mailings.audience(mailing, now=now)}


def test_each_audience_is_who_it_says_without_staff_and_whoever_wants_none(
    news, customer, stranger, operator, make, now
):
    group = CustomerGroup.objects.create(name="Resellers")
    stranger.group = group
    stranger.save()
    make.placed()
    off = _person("off@example.com")
    switch.choose(customer_id=off.pk, on={Kind.NEWS: False}, low_below=None)
    closed = _person("closed@example.com")
    closed.is_active = False
    closed.save()
    both = {customer.email, stranger.email}
    assert to(news, "ALL", now) == both
    assert to(news, "GROUP", now, group) == {stranger.email}
    assert to(news, "WITH_BALANCE", now) == {customer.email}
    assert to(news, "BOUGHT_LATELY", now) == {customer.email}


def test_it_goes_to_each_once_in_their_language_with_a_link_that_ends_it(news, customer, stranger, now):
    stranger.language = "zh-hans"
    stranger.save()
    assert mailings.begin(mailing=news, now=now) == 2
    with pytest.raises(mailings.CantSend, match="went out before"):
        mailings.begin(mailing=news, now=now)
    while send.send_due(now=now):
        pass
    sent = {letter.to[0]: letter for letter in mail.outbox}
    assert set(sent) == {customer.email, stranger.email}
    assert len(mail.outbox) == 2
    assert sent[customer.email].subject.endswith("New services")
    assert "We sell more." in sent[customer.email].body
    assert sent[stranger.email].subject.endswith("新服务")
    assert "你好。" in sent[stranger.email].body
    stop = sent[customer.email].extra_headers["List-Unsubscribe"]
    assert switch.read(stop.strip("<>").rsplit("/", 1)[-1]) == (customer.pk, Kind.NEWS)


def test_a_failure_on_the_way_leaves_it_unsent(news, customer, now, monkeypatch):
    monkeypatch.setattr(Notice.objects, "bulk_create", lambda rows: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        mailings.begin(mailing=news, now=now)
    news.refresh_from_db()
    assert news.begun_at is None
    assert not Notice.objects.exists()


def test_the_page_counts_before_it_sends_and_shows_how_far_it_is(desk, customer, stranger, now):
    typed = {"audience": "WITH_BALANCE", "subject_en": "Hi", "text_en": "Hello"}
    assert (
        "Choose the group."
        in desk.post(reverse("admin:notices_mailing_add"), {**typed, "audience": "GROUP"}).content.decode()
    )
    ledger.adjust(account=ledger.account_of(stranger), amount=Decimal(1), key="k", memo="m", now=now)
    desk.post(reverse("admin:notices_mailing_add"), typed)
    mailing = Mailing.objects.get()
    page = reverse("admin:notices_mailing_send", args=[mailing.pk])
    asked = desk.post(page, {}).content.decode()
    assert "Customers who get it" in asked
    assert not Notice.objects.exists()
    desk.post(page, {"confirmed": "1"})
    assert Notice.objects.filter(mailing=mailing).count() == 2
    shown = desk.get(reverse("admin:notices_mailing_change", args=[mailing.pk])).content.decode()
    assert "Of 2: 2 waits to be sent" in shown
    assert desk.post(reverse("admin:notices_mailing_change", args=[mailing.pk]), typed).status_code == 403
