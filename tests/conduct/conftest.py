"""Services on the shelf, and whoever tries to buy them."""

from tests.orders.conftest import sandbox
from tests.shelf import shelf

__all__ = ["sandbox", "shelf"]
