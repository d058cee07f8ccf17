"""Place an order: check it, set the money aside, put it into the outbox."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from catalog import blocked
from catalog.models import Promotion, Service
from catalog.pricing import Quote
from catalog.search import on_shelf
from catalog.terms import Terms, quote_for
from conduct import note, watch
from conduct.models import Block
from conduct.watch import Watch
from core.context import bind
from core.money import LARGEST, show
from core.once import is_fresh
from core.prepared import ID, TEXT, Prepared, given, insert
from funds.payer import account_for
from orders import promotion, tasks
from orders.models import Order, OrderEvent, Plan, PromotionUse, new_reference
from wallet import ledger, permit
from wallet.models import Account, Hold

LONGEST_LINK = 500
_SPACE_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f]")
_HOST = re.compile(r"(?=.{4,253}\Z)([^\W_]([\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}\Z")


_SOLD = Prepared(
    lambda: (
        on_shelf()
        .select_related("category")
        .filter(pk=given("service", ID))
        .annotate(blocklist=watch.mark())
        .order_by()
    )
)
_BY_FORM_KEY = Prepared(
    lambda: Order.objects.filter(customer_id=given("customer", ID), form_key=given("form_key", TEXT)).order_by()
)


class CantPlace(Exception):
    """The order is not placed and nothing moved; `errors` has a sentence for the customer by field."""

    def __init__(self, **errors: str) -> None:
        self.errors = errors
        super().__init__("; ".join(errors.values()))


class NotAllowed(CantPlace):
    """The rules of the shop forbid it: `block` says why, `what` was tried."""

    def __init__(self, *, block: Block, what: str, **errors: str) -> None:
        self.block = block
        self.what = what
        super().__init__(**errors)


class PriceChanged(CantPlace):
    """The price is higher than what the customer was shown: they must say yes to `quote`."""

    def __init__(self, *, shown: Decimal, quote: Quote) -> None:
        self.quote = quote
        super().__init__(
            price=_("The price rose from %(old)s to %(new)s while you were here. Order again to accept it.")
            % {"old": show(shown), "new": show(quote.price)}
        )


class NotNow(CantPlace):
    """The customer may not buy now: suspended, or at a limit. No field is to blame."""

    def __init__(self, said: str) -> None:
        super().__init__(account=said)


def order(
    *,
    customer: User,
    service_id: int,
    quantity: int,
    link: str,
    shown_price: Decimal | None = None,
    shown_unit: int = 0,
    promo: str = "",
    form_key: str = "",
    now: datetime,
) -> Order:
    """Place an order and set its charge aside.

    `shown_price` is the price in USD of `shown_unit` pieces (0: of the unit of now) that the customer agreed to; a
    higher one raises `PriceChanged`. `promo` is a promotion code, if the customer has one. The same `form_key` again
    returns the first order, and with another wish in it is refused.
    Raises `CantPlace`, `ledger.InsufficientFunds`.
    """
    placed = None if is_fresh(form_key) else _placed_before(customer, form_key)
    if placed:
        return _same_wish(placed, service_id, quantity, link, promo)
    try:
        with refused_are_noted(customer, now), transaction.atomic():
            service, link, offer = checked(
                customer=customer,
                service_id=service_id,
                quantity=quantity,
                link=link,
                shown_price=shown_price,
                shown_unit=shown_unit,
            )
            reference = new_reference()
            account = payer(customer=customer, amount=offer.charge, cause=f"order:{reference}", now=now)
            used = None
            if promo:
                # Before the code, here as everywhere: of two who lock both, none waits for the other.
                account = ledger.locked(account)
                used, offer = _with_promotion(promo, customer, service, offer, now)
            hold = ledger.hold(account=account, amount=offer.charge, key=f"order:{reference}:hold", now=now)
            made = create(
                reference=reference,
                customer=customer,
                service=service,
                offer=offer,
                link=link,
                hold=hold,
                form_key=form_key,
                now=now,
            )
            if used is not None:
                promotion.note(promotion=used, order=made, discount=offer.discount)
            return made
    except IntegrityError:
        # The same form, sent twice at once: the other request was first.
        placed = _placed_before(customer, form_key)
        if placed is None:
            raise
        return _same_wish(placed, service_id, quantity, link, promo)


def check(*, terms: Terms, service: Service, quantity: int, link: str, watched: Watch) -> tuple[str, Quote]:
    """What `order` would make of this now, on the customer's terms: the link as it would be sent, and the price.

    Nothing is placed. Raises `CantPlace`.
    """
    return _checked(service, quantity, link, terms, watched), quote_for(service, quantity, terms)


@contextmanager
def refused_are_noted(customer: User, now: datetime) -> Iterator[None]:
    """Count who wanted what the shop does not sell. Around the transaction, which the refusal undoes."""
    try:
        yield
    except NotAllowed as error:
        note.hit(block=error.block, customer=customer, what=error.what, now=now)
        raise


def _placed_before(customer: User, form_key: str) -> Order | None:
    return _BY_FORM_KEY.first(customer=customer.pk, form_key=form_key) if form_key else None


def _same_wish(placed: Order, service_id: int, quantity: int, link: str, promo: str) -> Order:
    """The first order, if it is what is asked for now; a key stands for one wish only."""
    try:
        wanted = "" if placed.is_product else checked_link(link)
    except ValueError:
        wanted = None
    use = PromotionUse.objects.filter(order=placed).select_related("promotion").first()
    if (placed.service_id, placed.quantity, placed.link, placed.plan_id, use.promotion.code if use else "") != (
        *(service_id, quantity, wanted, None),
        Promotion.spelt(promo),
    ):
        raise other_wish()
    return placed


def other_wish() -> CantPlace:
    """The refusal of a key that stands for something else already."""
    return CantPlace(form_key=_("This was sent before with other values. Open the service again to order."))


def checked(
    *,
    customer: User,
    service_id: int,
    quantity: int,
    link: str,
    shown_price: Decimal | None,
    shown_unit: int,
) -> tuple[Service, str, Quote]:
    """The service, the link as it will be sent, and the customer's prices of now. Raises `CantPlace`."""
    service: Any = _SOLD.first(service=service_id)
    if service is None:
        block = blocked.reason(service_id)
        if block is not None:
            raise NotAllowed(block=block, what=_("Service %(number)s") % {"number": service_id}, service=block.words)
        raise CantPlace(service=_("This service is no longer offered."))
    terms = Terms.of(customer)
    link = _checked(service, quantity, link, terms, watch.of(service.blocklist))
    offer = quote_for(service, quantity, terms)
    if shown_price is not None and offer.price * (shown_unit or offer.unit) > shown_price * offer.unit:
        raise PriceChanged(shown=shown_price, quote=offer)
    return service, link, offer


def payer(*, customer: User, amount: Decimal, cause: str, now: datetime) -> Account:
    """`funds.payer.account_for`. Raises `CantPlace` for a customer who is suspended or at a limit."""
    try:
        return account_for(customer=customer, amount=amount, cause=cause, now=now)
    except permit.NotPermitted as error:
        raise NotNow(str(error)) from None


def _with_promotion(
    promo: str, customer: User, service: Service, offer: Quote, now: datetime
) -> tuple[Promotion, Quote]:
    try:
        return promotion.redeem(code=promo, customer=customer, service=service, offer=offer, now=now)
    except promotion.CantUse as error:
        raise CantPlace(promo=str(error)) from None


def create(
    *,
    reference: str,
    customer: User,
    service: Service,
    offer: Quote,
    link: str,
    hold: Hold,
    form_key: str = "",
    plan: Plan | None = None,
    run: int = 0,
    now: datetime,
) -> Order:
    """Put an order that is paid for by `hold` into the outbox; it goes out once the transaction commits."""
    made = Order(
        reference=reference,
        customer=customer,
        service=service,
        service_name=plan.service_name if plan else service.title,
        entity=service.entity,
        link=link,
        quantity=offer.quantity,
        unit=offer.unit,
        rate=offer.rate,
        price=offer.price,
        cost=offer.cost,
        charge=offer.charge,
        warranty_days=service.category.warranty_days if service.is_product else 0,
        hold=hold,
        form_key=form_key,
        plan=plan,
        run=run,
        not_before=now,
        placed_at=now,
        changed_at=now,
    )
    insert(made)
    insert(OrderEvent(order=made, kind=OrderEvent.Kind.PLACED, amount=offer.charge, at=now))
    transaction.on_commit(lambda: tasks.nudge(made.pk), robust=True)
    bind(order_id=made.pk)
    return made


def _checked(service: Service, quantity: int, link: str, terms: Terms, watched: Watch) -> str:
    """The link as it will be sent. Raises `CantPlace` with every field that is wrong, at once."""
    errors = {}
    block = None
    if quantity < service.min:
        errors["quantity"] = _("The smallest order is %(min)s.") % {"min": f"{service.min:,}"}
    elif quantity > service.max:
        errors["quantity"] = _("The largest order is %(max)s.") % {"max": f"{service.max:,}"}
    elif service.stock is not None and quantity > service.stock:
        errors["quantity"] = (
            _("Only %(stock)s are in stock.") % {"stock": f"{service.stock:,}"}
            if service.stock
            else _("It is out of stock.")
        )
    elif quote_for(service, quantity, terms).charge > LARGEST:
        errors["quantity"] = _("This is more than one order can be: order less at a time.")
    if service.is_product:
        link = ""
    else:
        try:
            link = checked_link(link)
        except ValueError as error:
            errors["link"] = str(error)
        else:
            block = watched.find(link)
    if block is not None:
        raise NotAllowed(block=block, what=link, **errors, link=block.words)
    if errors:
        raise CantPlace(**errors)
    return link


def checked_link(text: str) -> str:
    """The web address in `text`, with https:// put before it when it names none. Raises `ValueError`."""
    link = text.strip()
    if not link:
        raise ValueError(_("Enter the link to the page or post."))
    if len(link) > LONGEST_LINK:
        raise ValueError(_("The link is too long: at most %(most)d characters.") % {"most": LONGEST_LINK})
    if _SPACE_OR_CONTROL.search(link):
        raise ValueError(_("A link has no spaces in it."))
    if "://" not in link:
        link = f"https://{link}"
    wrong = ValueError(_("Enter a full link, such as https://instagram.com/name."))
    try:
        parts = urlsplit(link)
        host = parts.hostname or ""
    except ValueError:
        raise wrong from None
    if parts.scheme.lower() not in ("http", "https") or not _HOST.match(host) or parts.username is not None:
        raise wrong
    return link
