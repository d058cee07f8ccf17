"""Our copy of the vendor's catalogue, what we add to its prices, and how both changed."""

from catalog.models.customers import Favourite, StockWish
from catalog.models.digests import RowDigest, TouchedService
from catalog.models.history import PriceChange, ShelfChange, SyncRun
from catalog.models.prices import MarkupRule, PriceStep, Promotion
from catalog.models.shelf import Category, Edition, Service, Speed, StockLook, Subcategory

__all__ = [
    "Category",
    "Edition",
    "Favourite",
    "MarkupRule",
    "PriceChange",
    "PriceStep",
    "Promotion",
    "RowDigest",
    "Service",
    "ShelfChange",
    "Speed",
    "StockLook",
    "StockWish",
    "Subcategory",
    "SyncRun",
    "TouchedService",
]
