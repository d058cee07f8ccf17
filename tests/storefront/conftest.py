"""Services on the shelf, the vendor at a standstill, and orders of its catalogue."""

from tests.orders.conftest import catalogue, placed, rich
from tests.shelf import shelf
from tests.still import sandbox

__all__ = ["catalogue", "placed", "rich", "sandbox", "shelf"]
