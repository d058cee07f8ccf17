"""A purchase that a program may ask for twice: its key, and what is known after a fault of ours."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import QuerySet

from accounts.models import User
from api.access import Caller
from api.params import Params
from api.refusals import OUR_FAULT, Refusal, Unknown
from core.once import fresh_key, once_key
from wallet import ledger

log = logging.getLogger(__name__)

LONGEST = 200
UNSURE = (
    "It is not known whether this went through. Repeat it with the same Idempotency-Key, or look at your orders "
    "before you repeat it without one"
)
USED_BEFORE = "This idempotency key was used before, for something else"
Bought = TypeVar("Bought")


def wanted_key(caller: Caller, params: Params) -> str:
    """The client's own idempotency key, from the header or the body; empty when it has none. Raises `Refusal`."""
    header, field = Params({"key": caller.idempotency_key}).text("key"), params.text("idempotency_key")
    if header and field and header != field:
        raise Refusal("The idempotency keys in header and body differ")
    given = header or field
    if len(given) > LONGEST:
        raise Refusal(f"An idempotency key has at most {LONGEST} characters")
    return given


def form_key(given: str) -> str:
    """What a purchase is kept under: the client's key, or one that nobody else will use.

    The key alone and not what is asked for: the purchase itself is compared with that. It is kept as long as the
    purchase.
    """
    return once_key("api", given) if given else fresh_key()


def surely(
    buy: Callable[[], Bought],
    find: Callable[[], Bought | None],
    *,
    customer: User,
    elsewhere: QuerySet[Any] | None = None,
) -> Bought:
    """Buy; after a fault of ours look whether it was bought all the same.

    `elsewhere` is what the client's key stands for already if it was used for something of another kind.
    Raises what `buy` refuses with; `Refusal` when nothing was bought, `Unknown` when nobody can tell.
    """
    try:
        return buy() if elsewhere is None else _alone(buy, find, customer, elsewhere)
    except DatabaseError as error:
        log.exception("a purchase broke")
        lost = isinstance(error, OperationalError | InterfaceError)
    try:
        if lost and not connection.in_atomic_block:
            connection.close()  # it may be the connection itself that broke
        found = find()
    except DatabaseError:
        raise Unknown(UNSURE) from None
    if found is not None:
        return found
    # A commit whose answer was lost may still be on its way.
    raise Unknown(UNSURE) if lost else Refusal(OUR_FAULT)


def _alone(
    buy: Callable[[], Bought], find: Callable[[], Bought | None], customer: User, elsewhere: QuerySet[Any]
) -> Bought:
    """Buy unless the key was used elsewhere alone. Raises `Refusal`.

    Orders and numbers know nothing of each other, so no constraint spans both: of two requests of a customer that
    come at once with keys, the second waits here and then sees what the first one bought. The row it waits for is
    the one that every purchase locks first.
    """
    with transaction.atomic():
        ledger.locked(ledger.account_of(customer))
        if elsewhere.exists() and find() is None:
            raise Refusal(USED_BEFORE)
        return buy()


@contextlib.contextmanager
def after() -> Iterator[None]:
    """What is done after a purchase was made: a fault of ours in it is no “nothing was bought”. Raises `Unknown`."""
    try:
        yield
    except Refusal:
        raise
    except Exception:
        log.exception("a purchase was made, and telling of it broke")
        raise Unknown(UNSURE) from None
