"""`categories`, `services`, `inventory` and `balance`."""

from typing import Any

from api import goods
from api.access import Caller
from api.params import Params
from api.refusals import Refusal
from api.v2.errors import NO_SERVICE_NAMED, NO_SUCH_SERVICE
from catalog.terms import Terms
from core.money import CURRENCY, plain
from wallet import ledger

# A page that nobody turns to; it keeps the database's offsets within reason.
LAST_PAGE = 10**9


def categories(caller: Caller, params: Params) -> dict[str, Any]:
    """What can be filtered by."""
    return {"categories": goods.categories()}


def services(caller: Caller, params: Params) -> dict[str, Any]:
    """What is on sale; all of it, or `limit` on a `page`."""
    found = goods.wanted(category=params.text("category"), subcategory=params.text("subcategory"))
    terms = Terms.of(caller.customer)
    limit = params.number("limit") or 0
    if not limit:
        everything = [_row(row) for row in goods.rows(found, terms)]
        return {
            "services": everything,
            "total": len(everything),
            "page": 1,
            "limit": len(everything),
            "total_pages": 1,
        }
    total = found.count()
    page = min(max(params.number("page") or 1, 1), LAST_PAGE)
    limit = min(limit, max(total, 1))
    start = (page - 1) * limit
    return {
        "services": [_row(row) for row in goods.rows(found[start : start + limit], terms)],
        "total": total,
        "page": page,
        "limit": limit,
        "total_pages": -(-total // limit),
    }


def _row(row: goods.Row) -> dict[str, Any]:
    return {
        "service": row.pk,
        "name": row.name,
        "type": row.type,
        "category": row.category,
        "rate": plain(row.price),
        "min": row.min,
        "max": row.max,
        "refill": row.refill,
        "cancel": row.cancel,
        "stock": row.left,
        "entityType": row.kind,
        "autoDelivery": row.auto_delivery,
    }


def inventory(caller: Caller, params: Params) -> dict[str, Any]:
    """How many of a service can be had."""
    if not params.text("service"):
        raise Refusal(NO_SERVICE_NAMED)
    row = goods.one(params.number("service"))
    if row is None:
        raise Refusal(NO_SUCH_SERVICE)
    return {
        "service": row.pk,
        "stock": row.left,
        "available": row.left >= row.min,
        "entityType": row.kind,
        "autoDelivery": row.auto_delivery,
    }


def balance(caller: Caller, params: Params) -> dict[str, Any]:
    """What the customer can spend now."""
    return {"balance": plain(ledger.account_of(caller.customer).available), "currency": CURRENCY}
