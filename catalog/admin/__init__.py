"""The catalogue in the admin: what is sold, what is added to its cost, how prices moved, and every sync.

Nothing is deleted, since orders name it; what should not be sold is hidden.
"""

from catalog.admin.blocks import BlockAdmin, HitAdmin
from catalog.admin.categories import CategoryAdmin, SubcategoryAdmin
from catalog.admin.history import PriceChangeAdmin, StockWishAdmin, SyncRunAdmin
from catalog.admin.promotions import PromotionAdmin
from catalog.admin.rules import MarkupRuleAdmin
from catalog.admin.services import ServiceAdmin

__all__ = [
    "BlockAdmin",
    "CategoryAdmin",
    "HitAdmin",
    "MarkupRuleAdmin",
    "PriceChangeAdmin",
    "PromotionAdmin",
    "ServiceAdmin",
    "StockWishAdmin",
    "SubcategoryAdmin",
    "SyncRunAdmin",
]
