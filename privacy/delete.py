"""Delete an account: the person goes, the books stay.

What the shop owes to its books (orders with their prices, holds, transfers) is kept under a row that no longer says
whose it was. Everything that tells of the person, lets in, or was delivered to them is gone when this returns, in one
transaction, and nothing brings it back.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import CharField, Exists, F, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from accounts.models import Acceptance, Place, StaffNote, Suspension, User
from api.models import Event, Key, Watch, Webhook
from catalog.models import Favourite as KeptService
from catalog.models import StockWish
from conduct.models import Hit
from core import bulk
from core.models import MailFailure
from core.money import ZERO, show
from desk.models import Message as Written
from desk.models import Request as Wish
from funds.models import Debt, Proof, TopUp
from notices.models import Notice, Switches
from orders import states as order_states
from orders.models import Attempt as OrderAttempt
from orders.models import DeliveredItem, GoodsReveal, Order, Plan
from privacy.models import Deletion, Export
from sms import states as number_states
from sms.models import Attempt as PurchaseAttempt
from sms.models import Favourite, Message, Number, Purchase, SuccessRate
from wallet import ledger
from wallet.models import Account, Hold

MEMO = "Given up when the account was deleted"


class CantDelete(Exception):
    """Nothing was deleted; says why, for the customer."""


class BalanceLeft(CantDelete):
    """There is money left, and nobody said that it may go."""

    def __init__(self, left: Decimal) -> None:
        self.left = left
        super().__init__(
            _("There are %(left)s left on your balance. Spend them first, or say that you give them up.")
            % {"left": show(left)}
        )


def obstacles(user: User) -> list[str]:
    """What has to end before the account can be deleted, a sentence for each; money apart. One query for all."""
    ended = [number_states.CLOSED, number_states.REJECTED]
    asked: dict[str, QuerySet[Any]] = {
        "an_order": Order.objects.filter(customer=user, state__in=order_states.OPEN),
        "a_number": Purchase.objects.filter(customer=user).exclude(state__in=ended),
        "a_wish": Wish.objects.filter(customer=user, state__in=Wish.LIVE),
        "a_plan": Plan.objects.filter(customer=user, state__in=Plan.OPEN),
        "a_payment": TopUp.objects.filter(customer=user, state__in=TopUp.MOVING),
        "a_debt": Debt.objects.filter(customer=user, state=Debt.State.OPEN),
        "a_hold": Hold.objects.filter(account__owner=user, state=Hold.State.OPEN),
    }
    looks = {name: Exists(rows) for name, rows in asked.items()}
    there: Any = User.objects.filter(pk=user.pk).values(**looks).get()
    said = {
        "an_order": _("Some of your orders are still open. Wait until they have ended."),
        "a_number": _("Some of your numbers still wait for a code. Wait until they have ended."),
        "a_wish": _("A request of yours is still open. Wait until it is answered."),
        "a_plan": _("A plan of yours has runs to come. Stop it first."),
        "a_payment": _("A payment of yours is still under way. Wait until it has come or has expired."),
        "a_debt": _("You still owe for a payment that was taken back. Settle it first."),
    }
    found = [sentence for name, sentence in said.items() if there[name]]
    if user.is_staff or user.is_superuser:
        found.insert(0, _("You run the shop: another operator has to make you a customer first."))
    if not found and there["a_hold"]:
        found.append(_("Some of your money is still set aside for a purchase. Wait until it has ended."))
    return found


def account(*, user: User, gives_up_balance: bool, now: datetime) -> Deletion:
    """Delete the account of `user`. Raises `CantDelete`, `BalanceLeft`; twice finds the first deletion."""
    with transaction.atomic():
        money = ledger.account_of(user)
        # First the money's row, as every purchase does: one that is being placed is either seen below, or finds an
        # empty balance afterwards.
        money = Account.objects.select_for_update().get(pk=money.pk)
        person = User.objects.select_for_update().get(pk=user.pk)
        done = Deletion.objects.filter(customer=person).first()
        if done is not None:
            return done
        for obstacle in obstacles(person):
            raise CantDelete(obstacle)
        left = money.available
        if left > ZERO:
            if not gives_up_balance:
                raise BalanceLeft(left)
            ledger.adjust(account=money, amount=-left, key=f"user:{person.pk}:deleted", memo=MEMO, now=now)
        _forget_goods(person)
        _forget_wishes(person)
        _forget_programs(person)
        _forget_history(person)
        _forget_person(person)
        return Deletion.objects.create(customer=person, at=now, given_up=left)


def _forget_goods(person: User) -> None:
    """What was bought and where it went; that it was bought stays. The rows stay too, since the audits count them."""
    DeliveredItem.objects.filter(order__customer=person).update(text="")
    OrderAttempt.objects.filter(order__customer=person).update(request={}, detail="")
    Order.objects.filter(customer=person).update(link="", form_key="")
    Plan.objects.filter(customer=person).update(link="", form_key="")
    # Who looked, and when, stays; from where does not.
    for reveal in GoodsReveal.objects.filter(actor=person).exclude(address=""):
        GoodsReveal.objects.filter(pk=reveal.pk).update(address=f"#{reveal.pk}")
    messages = Message.objects.filter(number__purchase__customer=person)
    # The fingerprint has to differ from message to message, and may no longer tell what was in it.
    messages.update(code="", text="", fingerprint=Cast(F("pk"), CharField()))
    PurchaseAttempt.objects.filter(purchase__customer=person).update(request={}, detail="")
    Number.objects.filter(purchase__customer=person).update(last_code="")
    Purchase.objects.filter(customer=person).update(form_key="")
    Favourite.objects.filter(customer=person).delete()


def _forget_wishes(person: User) -> None:
    """What they asked, showed, kept at hand and were told."""
    Written.objects.filter(request__customer=person).update(text="")
    Wish.objects.filter(customer=person).update(subject="", note="", form_key="")
    Proof.objects.filter(top_up__customer=person).delete()
    TopUp.objects.filter(customer=person).update(reference="", note="", reason="", pay_url="")
    for rows in (Notice, Switches, KeptService, StockWish, Hit):
        rows._default_manager.filter(customer=person).delete()


def _forget_programs(person: User) -> None:
    """Keys with the log of their calls, webhooks with theirs."""
    Key.objects.filter(customer=person).delete()
    bulk.delete(Event.objects.filter(customer=person))  # with their deliveries
    Webhook.objects.filter(customer=person).delete()
    Watch.objects.filter(number__purchase__customer=person).delete()


def _forget_history(person: User) -> None:
    """What operators' logs say of the person, by name."""
    addresses = {person.email, *EmailAddress.objects.filter(user=person).values_list("email", flat=True)}
    # That they were suspended, and when, stays; the words go. The record of staff names nobody but staff.
    Suspension.objects.filter(customer=person).update(reason="", told="")
    StaffNote.objects.filter(customer=person).delete()
    SuccessRate.objects.filter(customer=person).delete()
    LogEntry.objects.filter(object_repr__in=addresses).update(object_repr=f"Account {person.pk}")
    MailFailure.objects.filter(recipients__in=addresses).delete()


def _forget_person(person: User) -> None:
    """Who it was, and every way in."""
    keys = UserSession.objects.filter(user=person).values_list("session_key", flat=True)
    Session.objects.filter(session_key__in=list(keys)).delete()
    for rows in (UserSession, Authenticator, EmailAddress, Place):
        rows.objects.filter(user=person).delete()
    Export.objects.filter(customer=person).delete()
    # That the terms were accepted stays, but not from where.
    Acceptance.objects.filter(user=person).update(address=None)
    person.groups.clear()
    person.user_permissions.clear()
    person.set_unusable_password()
    person.email = f"deleted-{person.pk}@invalid"
    person.first_name = person.last_name = person.language = person.time_zone = ""
    person.is_active = person.login_alerts = False
    person.last_login = None
    person.invitation = None
    person.referral_code = None
    person.group = None
    person.save()
