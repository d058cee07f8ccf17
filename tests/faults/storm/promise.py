"""What must be true when the storm is over: three books compared, ours of money, ours of goods, and the vendor's.

Each function is one sentence of the promise and yields what breaks it. The vendor's journal is the witness: it
knows nothing of our orders but what we sent, so an order is known again by its link (a product's is its reference)
and a purchase of numbers by its project, of which the storm buys each once.
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from core.once import once_key
from orders import states
from orders.models import Order
from orders.submit import outgoing_link
from sms import states as sms_states
from sms.models import Number, Purchase
from tests.faults.storm.customers import Form
from upstream.evidence import Finding
from upstream.sandbox.server import Sandbox
from wallet.models import Account, Hold, Transfer

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """One order or number in the vendor's journal, and what the vendor did for it. Money is USD."""

    id: int
    action: str  # "add" or "add_sms"
    item: int | str
    quantity: int
    link: str
    request: int  # the request that it came with
    charge: Decimal
    paid_back: Decimal = ZERO
    delivered: int = 0
    goods: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    @property
    def undone(self) -> bool:
        """The vendor gave all its money back: as good as never bought."""
        return self.paid_back >= self.charge


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that breaks the promise: `lost`, `doubled`, `evidence`, `goods`, `money` or `form`."""

    kind: str
    text: str


def journal_of(sandbox: Sandbox) -> list[Sold]:
    """The vendor's journal as it stands now."""
    vendor = sandbox.vendor
    with vendor.lock:
        paid_back: dict[int, Decimal] = defaultdict(Decimal)
        for entry in vendor.pay_backs:
            paid_back[entry.order] += entry.amount
        now = vendor.clock.now()
        found = []
        for entry in vendor.purchases:
            order, number = vendor.orders.get(entry.order), vendor.numbers.get(entry.order)
            delivered = order.delivered(now) if order else 0
            product = order is not None and order.service.entity == "product"
            found.append(
                Sold(
                    id=entry.order,
                    action=entry.action,
                    item=entry.item,
                    quantity=entry.quantity,
                    link=entry.link,
                    request=entry.sequence,
                    charge=entry.charge,
                    paid_back=paid_back[entry.order],
                    delivered=delivered,
                    goods=tuple(order.accounts(delivered)) if order and product else (),
                    codes=tuple(one.code for one in number.messages if one.at <= min(now, number.ends))
                    if number
                    else (),
                )
            )
        return found


def kept(journal: list[Sold], forms: list[Form], statements: dict[str, str]) -> list[Broken]:
    """Everything that breaks the promise; nothing when it is kept. `statements`: each customer's own, by e-mail."""
    return [
        *nothing_is_bought_twice(journal),
        *nothing_that_was_bought_is_lost(journal),
        *nothing_is_ours_that_the_vendor_does_not_have(journal),
        *a_doubt_says_why(),
        *what_the_balance_proved_is_true(journal),
        *goods_are_those_that_the_vendor_delivered(journal),
        *a_number_is_paid_for_exactly_when_its_code_came(journal),
        *every_hold_is_closed_or_belongs_to_something_open(),
        *every_balance_is_what_its_own_list_says(statements),
        *a_form_buys_once(forms),
    ]


def nothing_is_bought_twice(journal: list[Sold]) -> Iterator[Broken]:
    """The vendor accepted no order and no purchase of numbers of ours more than once.

    What it gave all the money back for may be bought again.
    """
    requests: dict[tuple[str, object], set[int]] = defaultdict(set)
    for sold in journal:
        if not sold.undone:
            requests[_mark(sold)].add(sold.request)
    for mark, several in requests.items():
        if len(several) > 1:
            yield Broken("doubled", f"bought {len(several)} times: {mark}, by requests {sorted(several)}")


def bought_again(journal: list[Sold]) -> int:
    """How many were accepted again after the vendor had given all the money back."""
    requests: dict[tuple[str, object], set[int]] = defaultdict(set)
    for sold in journal:
        requests[_mark(sold)].add(sold.request)
    return sum(len(several) > 1 for several in requests.values())


def _mark(sold: Sold) -> tuple[str, object]:
    return ("order", sold.link) if sold.action == "add" else ("numbers", sold.item)


def nothing_that_was_bought_is_lost(journal: list[Sold]) -> Iterator[Broken]:
    """What the vendor accepted is ours exactly once, as it was asked for; or its order stands as UNCERTAIN; or the
    vendor gave all the money back."""
    orders = {outgoing_link(order): order for order in Order.objects.select_related("service")}
    purchases = {purchase.project.upstream_id: purchase for purchase in Purchase.objects.select_related("project")}
    numbers = dict(Number.objects.values_list("upstream_id", "purchase_id"))
    for sold in journal:
        if sold.action == "add":
            order = orders.get(sold.link)
            if order is None:
                yield Broken("lost", f"the vendor's order {sold.id} ({sold.link}) is nobody's")
            elif order.upstream_id == sold.id:
                if (order.service.upstream_id, order.quantity) != (sold.item, sold.quantity):
                    yield Broken("lost", f"order {order.pk} is not what the vendor's {sold.id} is for: {sold}")
            elif order.state != states.UNCERTAIN and not sold.undone:
                yield Broken("lost", f"the vendor's order {sold.id} is order {order.pk}, which is {order.state}")
        else:
            purchase = purchases.get(str(sold.item))
            if purchase is None:
                yield Broken("lost", f"the vendor's number {sold.id} ({sold.item}) is nobody's")
            elif sold.id in numbers:
                if numbers[sold.id] != purchase.pk:
                    yield Broken("lost", f"the vendor's number {sold.id} is with purchase {numbers[sold.id]}")
            elif purchase.state != sms_states.UNCERTAIN and not sold.undone:
                yield Broken(
                    "lost", f"the vendor's number {sold.id} is of purchase {purchase.pk}, which is {purchase.state}"
                )


def nothing_is_ours_that_the_vendor_does_not_have(journal: list[Sold]) -> Iterator[Broken]:
    """Every number of an order that we have is in the vendor's journal, and none is claimed twice."""
    known = {sold.id: sold for sold in journal}
    ours: Counter[int] = Counter()
    for order in Order.objects.exclude(upstream_id=None):
        ours[order.upstream_id or 0] += 1
        sold = known.get(order.upstream_id or 0)
        if sold is None or _mark(sold) != ("order", outgoing_link(order)):
            yield Broken("lost", f"order {order.pk} is {order.state} as {order.upstream_id}, which the vendor denies")
    for number in Number.objects.select_related("purchase__project"):
        ours[number.upstream_id] += 1
        sold = known.get(number.upstream_id)
        if sold is None or _mark(sold) != ("numbers", number.purchase.project.upstream_id):
            yield Broken("lost", f"number {number.pk} is {number.upstream_id}, which the vendor denies")
    for upstream_id, times in ours.items():
        if times > 1:
            yield Broken("doubled", f"{times} of ours claim the vendor's order {upstream_id}")
    for order in Order.objects.filter(state__in=[*states.PAID, states.CANCELED, states.RUNNING], upstream_id=None):
        yield Broken("lost", f"order {order.pk} is {order.state} and never got the vendor's number")


def a_doubt_says_why() -> Iterator[Broken]:
    """What stands as UNCERTAIN has the call that raised the doubt, and says why."""
    for order in Order.objects.filter(state=states.UNCERTAIN):
        if not order.flag or not order.attempts.exists():
            yield Broken("lost", f"order {order.pk} is UNCERTAIN and does not say why")
    for purchase in Purchase.objects.filter(state=sms_states.UNCERTAIN):
        if not purchase.flag or not purchase.attempts.exists():
            yield Broken("lost", f"purchase {purchase.pk} is UNCERTAIN and does not say why")


def what_the_balance_proved_is_true(journal: list[Sold]) -> Iterator[Broken]:
    """A doubt of which the vendor's balance is said to prove that it was charged was charged."""
    charged = {_mark(sold) for sold in journal}
    for order in Order.objects.filter(state=states.UNCERTAIN, finding=Finding.CHARGED):
        if ("order", outgoing_link(order)) not in charged:
            yield Broken("evidence", f"order {order.pk} was never charged, and is said to be: {order.evidence}")
    doubted = Purchase.objects.filter(state=sms_states.UNCERTAIN, finding=Finding.CHARGED)
    for purchase in doubted.select_related("project"):
        if ("numbers", purchase.project.upstream_id) not in charged:
            yield Broken(
                "evidence", f"purchase {purchase.pk} was never charged, and is said to be: {purchase.evidence}"
            )


def goods_are_those_that_the_vendor_delivered(journal: list[Sold]) -> Iterator[Broken]:
    """A finished order has what the vendor delivered, all of it and nothing else; no item went to two orders."""
    known = {sold.id: sold for sold in journal}
    owners: dict[str, int] = {}
    for order in Order.objects.filter(state__in=states.FINISHED).exclude(upstream_id=None).prefetch_related("items"):
        sold = known.get(order.upstream_id or 0)
        if sold is None:
            continue  # told above
        if order.delivered != sold.delivered:
            yield Broken("goods", f"order {order.pk} counts {order.delivered}, the vendor delivered {sold.delivered}")
        items = tuple(item.text for item in order.items.all())
        if items != sold.goods:
            yield Broken("goods", f"order {order.pk} has {len(items)} items, which are not the vendor's")
        for text in items:
            if owners.setdefault(text, order.pk) != order.pk:
                yield Broken("goods", f"orders {owners[text]} and {order.pk} have the same item")


def a_number_is_paid_for_exactly_when_its_code_came(journal: list[Sold]) -> Iterator[Broken]:
    """A number's money was taken if and only if the customer has a code, and it is one that the vendor sent to it."""
    known = {sold.id: sold for sold in journal}
    for number in Number.objects.prefetch_related("messages").select_related("slot__hold"):
        codes = {message.code for message in number.messages.all()}
        sent = known[number.upstream_id].codes if number.upstream_id in known else ()
        captured = number.slot.hold.state == Hold.State.CAPTURED
        if captured != bool(codes):
            yield Broken("money", f"number {number.pk} has {len(codes)} codes, its hold is {number.slot.hold.state}")
        if not codes <= set(sent):
            yield Broken("goods", f"number {number.pk} has a code that the vendor never sent to it")


def codes_missed(journal: list[Sold]) -> int:
    """Numbers whose code the vendor had, and that ended here without it: nobody could be asked in their time."""
    known = {sold.id: sold for sold in journal}
    unpaid = Number.objects.filter(state__in=sms_states.UNPAID).values_list("upstream_id", flat=True)
    return sum(bool(known[one].codes) for one in unpaid if one in known)


def every_hold_is_closed_or_belongs_to_something_open() -> Iterator[Broken]:
    """Money is set aside only for what may still be delivered."""
    waiting = set(Order.objects.filter(state__in=states.OPEN).values_list("hold_id", flat=True))
    open_purchases = [sms_states.PLACED, sms_states.SUBMITTING, sms_states.UNCERTAIN]
    waiting |= set(Purchase.objects.filter(state__in=open_purchases).values_list("slots__hold_id", flat=True))
    waiting |= set(Number.objects.filter(state=sms_states.WAITING).values_list("slot__hold_id", flat=True))
    for hold in Hold.objects.filter(state=Hold.State.OPEN).exclude(pk__in=waiting):
        yield Broken("money", f"{hold.amount} USD are still set aside by {hold.key}, for nothing")
    for hold in Hold.objects.filter(pk__in=waiting).exclude(state=Hold.State.OPEN):
        yield Broken("money", f"{hold.key} is {hold.state}, but what it is for is open")


def every_balance_is_what_its_own_list_says(statements: dict[str, str]) -> Iterator[Broken]:
    """A balance is the sum of its transfers, what is held the sum of its open holds; and the customer reads that."""
    for account in Account.objects.filter(kind=Account.Kind.CUSTOMER).select_related("owner"):
        name = account.owner.email if account.owner else str(account.pk)
        moved = sum((transfer.signed for transfer in Transfer.objects.filter(customer=account)), ZERO)
        held = account.holds.filter(state=Hold.State.OPEN).aggregate(sum=Sum("amount"))["sum"] or ZERO
        if account.balance != moved:
            yield Broken("money", f"{name} has {account.balance} USD, and transfers of {moved}")
        if account.held != held:
            yield Broken("money", f"{name} has {account.held} USD set aside, and open holds of {held}")
        if name in statements:
            _header, *lines = list(csv.reader(io.StringIO(statements[name])))
            told = sum((Decimal(line[-2]) for line in lines), ZERO)
            last = Decimal(lines[0][-1]) if lines else ZERO
            if not told == last == account.balance:
                yield Broken("money", f"{name} has {account.balance} USD, and reads {last} and movements of {told}")


def a_form_buys_once(forms: Iterable[Form]) -> Iterator[Broken]:
    """Each form that was sent bought at most once; if the customer was told so, exactly once; and nothing was
    bought that no form was sent for."""
    orders: Counter[tuple[str, str]] = Counter(Order.objects.values_list("customer__email", "form_key"))
    purchases: Counter[tuple[str, str]] = Counter(Purchase.objects.values_list("customer__email", "form_key"))
    named = dict(Order.objects.values_list("pk", "form_key"))
    for form in forms:
        wish = form.wish
        key = once_key(form.key, form.item, form.quantity, wish.mark if wish.kind == "order" else "")
        bought = (orders if wish.kind == "order" else purchases).pop((form.email, key), 0)
        told = f"wish {wish.number} of {form.email}, sent {form.sent} times"
        if bought > 1:
            yield Broken("doubled", f"{told}, was bought {bought} times")
        if form.answered and bought != 1:
            yield Broken("lost", f"{told}, was answered with success {form.answered} times, and is not there")
        if form.refused and not form.answered and bought:
            yield Broken("form", f"{told}, was refused ({form.refused}), and is there all the same")
        if bought and not form.sent:
            yield Broken("form", f"{told}, was bought by a request that broke off")
        if len(form.orders) > 1 or any(named.get(pk) != key for pk in form.orders):
            yield Broken("form", f"{told}, was answered with orders {sorted(form.orders)}")
    for (email, key), times in (orders + purchases).items():
        yield Broken("form", f"{times} purchases of {email} came of no form that was sent ({key[:12]}…)")
