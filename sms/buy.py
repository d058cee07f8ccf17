"""Buy numbers: check the wish, set the money of each number aside, put the purchase into the outbox."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from conduct import note
from conduct.models import Block
from core.context import bind
from core.money import CHARGE_STEP, round_up, show
from funds.payer import account_for
from sms import blocked, states, tasks
from sms.models import Number, Project, Purchase, Slot, new_reference
from sms.phones import country_name
from sms.terms import Terms
from wallet import ledger, permit
from wallet.models import Hold

MOST = 10


class CantBuy(Exception):
    """Nothing was bought and nothing moved; `errors` has a sentence for the customer by field."""

    def __init__(self, **errors: str) -> None:
        self.errors = errors
        super().__init__("; ".join(errors.values()))


class NotAllowed(CantBuy):
    """The rules of the shop forbid it: `block` says why, `what` was tried."""

    def __init__(self, *, block: Block, project: Project) -> None:
        self.block = block
        self.what = str(project)
        super().__init__(project=block.words)


class NotNow(CantBuy):
    """The customer may not buy now: suspended (`shut`), or at a limit.

    `until` is when it may be tried again, if that is known.
    """

    def __init__(self, said: str, *, until: datetime | None = None, shut: bool = False) -> None:
        self.until, self.shut = until, shut
        super().__init__(account=said)


class PriceChanged(CantBuy):
    """The price of a number is higher than what the customer was shown: they must say yes to it."""

    def __init__(self, *, shown: Decimal, price: Decimal) -> None:
        self.price = price
        super().__init__(
            price=_("The price rose from %(old)s to %(new)s while you were here. Buy again to accept it.")
            % {"old": show(shown), "new": show(price)}
        )


def on_shelf() -> QuerySet[Project]:
    """Every project a customer may see and buy numbers of."""
    shelf = Project.objects.filter(state=Project.State.ON_SALE, hidden=False, site__hidden=False, country__hidden=False)
    return shelf.filter(~blocked.site_blocks(), ~blocked.country_blocks())


def numbers(
    *,
    customer: User,
    project_id: int,
    quantity: int,
    phone: str = "",
    shown_price: Decimal | None = None,
    form_key: str = "",
    now: datetime,
) -> Purchase:
    """Buy `quantity` numbers, or `phone` again. `shown_price` is the USD for a number that the customer agreed to.

    The same `form_key` again returns the first purchase, and with another wish in it is refused.

    Raises `CantBuy`, `ledger.InsufficientFunds`.
    """
    bought = _bought_before(customer, form_key)
    if bought:
        return _same_wish(bought, project_id, quantity, phone)
    try:
        with refused_are_noted(customer, now), transaction.atomic():
            project = on_shelf().select_related("site", "country").filter(pk=project_id).first()
            if project is None:
                _check_allowed(project_id)
                raise CantBuy(project=_("This service is not offered in this country."))
            if not 1 <= quantity <= MOST:
                raise CantBuy(quantity=_("Buy from 1 to %(most)d numbers at a time.") % {"most": MOST})
            if phone:
                phone = _own_number(customer, project, phone)
                if quantity != 1:
                    raise CantBuy(quantity=_("A number is used again alone: choose 1."))
            price = Terms.of(customer).price(project)
            if shown_price is not None and price > round_up(shown_price, CHARGE_STEP):
                raise PriceChanged(shown=shown_price, price=price)
            purchase = _create(customer, project, quantity, phone, price, form_key, now)
            transaction.on_commit(lambda: tasks.nudge(purchase.pk), robust=True)
            return purchase
    except IntegrityError:
        # The same form, sent twice at once: the other request was first.
        bought = _bought_before(customer, form_key)
        if bought is None:
            raise
        return _same_wish(bought, project_id, quantity, phone)


@contextmanager
def refused_are_noted(customer: User, now: datetime) -> Iterator[None]:
    """Count who wanted what the shop does not sell. Around the transaction, which the refusal undoes."""
    try:
        yield
    except NotAllowed as error:
        note.hit(block=error.block, customer=customer, what=error.what, now=now)
        raise


def _check_allowed(project_id: int) -> None:
    """Raises `NotAllowed` where the blocklist is why numbers of the project are not sold."""
    project = Project.objects.select_related("site", "country").filter(pk=project_id).first()
    block = blocked.reason(project) if project else None
    if project and block:
        raise NotAllowed(block=block, project=project)


def _bought_before(customer: User, form_key: str) -> Purchase | None:
    return Purchase.objects.filter(customer=customer, form_key=form_key).first() if form_key else None


def _same_wish(bought: Purchase, project_id: int, quantity: int, phone: str) -> Purchase:
    """The first purchase, if it is what is asked for now; a key stands for one wish only."""
    if (bought.project_id, bought.quantity) != (project_id, quantity) or not _same_phone(bought, phone):
        raise CantBuy(form_key=_("This was sent before with other values. Open the page again to buy."))
    return bought


def _same_phone(bought: Purchase, phone: str) -> bool:
    if not phone or not bought.phone:
        return bool(phone) == bool(bought.phone)
    try:
        return _own_number(bought.customer, bought.project, phone) == bought.phone
    except CantBuy:
        return False


def _own_number(customer: User, project: Project, phone: str) -> str:
    """The number as the vendor wrote it. Another customer's number does not exist for this one."""
    digits = re.sub(r"\D", "", phone, flags=re.ASCII)
    own = Number.objects.filter(purchase__customer=customer, purchase__project__country=project.country)
    for number in own.order_by("-pk")[:1000]:
        if digits and digits in (re.sub(r"\D", "", number.phone), number.e164.lstrip("+")):
            return number.phone
    raise CantBuy(phone=_("You can use again only a number that you bought in this country."))


def _create(
    customer: User, project: Project, quantity: int, phone: str, price: Decimal, form_key: str, now: datetime
) -> Purchase:
    reference = new_reference()
    try:
        account = account_for(customer=customer, amount=price * quantity, cause=f"sms:{reference}", now=now)
    except permit.NotPermitted as error:
        raise NotNow(str(error), until=error.until, shut=isinstance(error, permit.Shut)) from None
    _check_active(customer, quantity)
    account.refresh_from_db()
    if account.available < price * quantity:
        raise ledger.InsufficientFunds(available=account.available, needed=price * quantity)
    purchase = Purchase.objects.create(
        reference=reference,
        customer=customer,
        project=project,
        site_name=project.site.name,
        country_name=country_name(project.country.region, project.country.name),
        quantity=quantity,
        phone=phone,
        cost=project.cost,
        price=price,
        form_key=form_key,
        not_before=now,
        placed_at=now,
    )
    for position in range(1, quantity + 1):
        hold = ledger.hold(account=account, amount=price, key=f"sms:{reference}:{position}:hold", now=now)
        Slot.objects.create(purchase=purchase, position=position, hold=hold)
    bind(purchase_id=purchase.pk)
    return purchase


def _check_active(customer: User, quantity: int) -> None:
    """Raise `NotNow` when the customer would have more numbers at once than they may."""
    limit = permit.active_numbers(customer)
    if not limit:
        return
    ledger.locked(ledger.account_of(customer))
    # Each number has a slot from the moment its money is set aside, before there is a number.
    own = Slot.objects.filter(purchase__customer=customer)
    to_come = Q(number=None, hold__state=Hold.State.OPEN)
    active = own.filter(to_come | Q(number__state__in=[states.WAITING, states.RECEIVED])).count()
    if active + quantity > limit:
        raise NotNow(
            _("Your limit of numbers at once is %(limit)d, and %(active)d are active. Wait until one has ended.")
            % {"limit": limit, "active": active}
        )
