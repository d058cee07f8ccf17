"""Nothing that the shop keeps of a customer is forgotten: not in the copy, and not when the account is deleted."""

import pytest
from django.apps import apps

from accounts import suspensions
from accounts.models import StaffNote, User
from orders.plans import begin
from privacy import collect, delete

pytestmark = pytest.mark.django_db

# Tables that name a person, and where they are dealt with. Whoever adds one decides here what a copy of somebody's
# data says of it, and what is left of it when they go.
KNOWN = {
    # in the copy, and wiped or kept as books
    *("account.EmailAddress", "accounts.Acceptance", "accounts.Place", "mfa.Authenticator", "usersessions.UserSession"),
    *("api.Key", "api.Webhook", "api.Event", "wallet.Account", "orders.Order", "orders.Plan", "orders.PromotionUse"),
    *("orders.GoodsReveal", "sms.Purchase", "sms.Favourite", "catalog.Favourite", "catalog.StockWish"),
    *("conduct.Hit", "desk.Request", "desk.Message", "notices.Notice", "notices.Switches"),
    *("funds.TopUp", "funds.Debt", "funds.Voucher"),
    # what was done about the account itself
    *("privacy.Deletion", "privacy.Export", "accounts.User"),
    # what operators did, under their own names
    *("accounts.Invitation", "admin.LogEntry", "funds.Batch", "orders.OrderEvent", "reconcile.Finding"),
    *("reseller.FirstRun", "sms.PurchaseEvent", "core.StaffAct", "notices.Mailing"),
    # what operators noted and decided about the person: not in the copy or without their words, wiped on deletion
    *("accounts.StaffNote", "accounts.Suspension", "sms.SuccessRate"),
    # sums of a day, kept as books are
    "books.CustomerDay",
}


def _names_somebody(model):
    return any(field.concrete and field.related_model is User for field in model._meta.get_fields())


def test_every_table_that_names_a_person_is_known_here():
    found = {model._meta.label for model in apps.get_models() if _names_somebody(model)}
    assert found - KNOWN == set()


def test_the_copy_names_each_table_once(customer):
    names = [table.name for table in collect.tables(customer)]
    assert len(names) == len(set(names))
    assert {"plans", "request_messages", "top_ups", "notices", "favourite_services"} <= set(names)


def test_a_plan_with_runs_to_come_is_an_obstacle(customer, catalogue, now):
    service = next(each for each in catalogue.values() if not each.is_product)
    begin.plan(
        customer=customer,
        service_id=service.pk,
        quantity=service.min,
        link="https://instagram.com/name",
        runs=2,
        interval=5,
        now=now,
    )
    assert any("plan" in sentence for sentence in delete.obstacles(customer))


def test_of_a_suspension_the_copy_has_what_was_told_and_a_deletion_leaves_only_that_it_was(customer, operator, now):
    one = suspensions.suspend(
        customer=customer, degree="API", reason="a note for us", told="Write to us.", operator=operator, now=now
    )
    StaffNote.objects.create(customer=customer, author=operator, text="called twice", at=now)
    copied = str([list(table.rows()) for table in collect.tables(customer)])
    assert "Write to us." in copied
    assert "a note for us" not in copied
    assert "called twice" not in copied
    delete.account(user=customer, gives_up_balance=True, now=now)
    one.refresh_from_db()
    assert (one.degree, one.reason, one.told) == ("API", "", "")
    assert not StaffNote.objects.exists()
