"""What our row of a service should say, reckoned from the vendor's row; pure.

Everything that has a part in it has to be known to `catalog.digests.Reckoning`, to the triggers of `catalog.touched`
(by `COMPARED`), or be in the vendor's row itself: else a row that should be reckoned anew would be left alone.
"""

import functools
from collections.abc import Mapping
from typing import Any

from catalog.models import Category, Service
from catalog.own import Own, Shape, Told, holds
from catalog.pricing import RuleBook
from core.money import MICRO, round_up
from upstream import replies
from upstream.replies import tidy

# The operator's own words, in the order of `Own`.
OWN = ("own_name", "name_zh", "own_category_id", "own_price")
# What `figures` says, in its order.
WANTED = (
    *Shape._fields,
    *("vendor_name", "vendor_category_id", "vendor_subcategory_id", "type", "entity", "rate", "unit"),
    *("min", "max", "stock", "refill", "cancel", "auto_delivery"),
)
# What a comparison looks at.
COMPARED = ("upstream_id", *OWN, *WANTED)
NOTHING = Own()
_PRODUCT, _SMM = Service.Entity.PRODUCT.value, Service.Entity.SMM.value

# Categories and types: the same few words in every row.
word = functools.lru_cache(maxsize=10_000)(tidy)


def figures(
    row: replies.Service,
    *,
    category_id: int,
    subcategory_id: int | None,
    own: Own,
    service_id: int | None,
    rules: RuleBook[Any],
    units: Mapping[str, int],
    categories: Mapping[int, Category],
) -> tuple[Any, ...]:
    """The values of `WANTED`. The ids are those of the vendor's category and its part; `own` and `service_id` are of
    our row, if there is one; `categories` has all of them by id.
    """
    # A rate finer than a micro counts as the next one up: a cost is never underestimated.
    told = Told(tidy(row.name), category_id, subcategory_id, round_up(row.rate, MICRO))
    entity = _PRODUCT if row.entity_type == "product" else _SMM
    return (
        *holds(told=told, own=own, service_id=service_id, rules=rules, categories=categories),
        told.name,
        category_id,
        subcategory_id,
        word(row.type or "") or "Default",
        entity,
        told.rate,
        units[entity],
        max(row.min, 1),
        row.max,
        row.stock,
        bool(row.refill),
        bool(row.cancel),
        row.auto_delivery is not False,
    )
