"""The switches of a customer, and the link in each letter that turns its kind off."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from notices import switch
from notices.kinds import Kind
from notices.models import Switches

pytestmark = pytest.mark.django_db
PAGE = "/account/notices"


@pytest.fixture
def me(client, customer):
    client.force_login(customer)
    return client


def wants(user):
    switches = switch.switches_of(user.pk)
    return {kind for kind in Kind if switches.wants(kind)}


def test_the_boxes_show_what_is_on_and_save_what_is_chosen(me, customer, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        page = me.get(PAGE)
    assert page.context["form"]["ORDER_DONE"].value() is True
    assert page.context["form"]["CODE_ARRIVED"].value() is False
    assert me.post(PAGE, {"CODE_ARRIVED": "on", "LOW_BALANCE": "on", "low_below": "12.50"}).status_code == 302
    assert wants(customer) == {Kind.CODE_ARRIVED, Kind.LOW_BALANCE}
    assert Switches.objects.get().low_below == Decimal("12.5")
    assert 'value="12.50"' in me.get(PAGE).content.decode()


@pytest.mark.parametrize("text", ["lots", "-5", "0", "1e9", "0.0000001"])
def test_what_is_no_amount_is_said_beside_its_field_and_stays(me, text):
    answer = me.post(PAGE, {"CODE_ARRIVED": "on", "low_below": text})
    assert answer.status_code == 422
    form = answer.context["form"]
    assert form.errors["low_below"]
    assert form["low_below"].value() == text
    assert not Switches.objects.exists()


def test_a_stranger_has_switches_of_their_own(me, customer, stranger):
    me.post(PAGE, {"low_below": ""})
    assert wants(customer) == set()
    assert wants(stranger) == set(Kind) - {Kind.CODE_ARRIVED}


def test_nobody_sees_them_without_logging_in(client):
    assert client.get(PAGE).status_code == 302


class TestTheLink:
    def link(self, user, kind="ORDER_DONE"):
        return reverse("notices:stop", args=[switch.token_for(user.pk, kind)])

    def test_opening_it_changes_nothing_and_a_post_by_a_mail_provider_does(self, customer):
        provider = Client(enforce_csrf_checks=True)
        assert provider.get(self.link(customer)).status_code == 200
        assert Kind.ORDER_DONE in wants(customer)
        answer = provider.post(self.link(customer), {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert wants(customer) == set(Kind) - {Kind.CODE_ARRIVED, Kind.ORDER_DONE}

    def test_everything_can_be_stopped(self, client, customer):
        client.post(self.link(customer), {"everything": "1"})
        assert wants(customer) == set()

    def test_the_mark_of_a_low_balance_stays(self, client, customer):
        switch.choose(customer_id=customer.pk, on={}, low_below=Decimal(5))
        client.post(self.link(customer))
        assert Switches.objects.get().low_below == 5

    def test_a_forged_one_is_nothing(self, client, customer, stranger):
        good = self.link(customer)
        for bad in [good + "x", good.replace("stop/", "stop/a"), self.link(customer, "NONE"), "/notices/stop/x"]:
            assert client.post(bad).status_code == 404
        assert wants(customer) == wants(stranger)

    def test_one_of_somebody_who_is_gone_is_nothing(self, client, customer):
        address = reverse("notices:stop", args=[switch.token_for(customer.pk + 1000, "ORDER_DONE")])
        assert client.post(address).status_code == 404
        assert not Switches.objects.exists()
