"""The vendor at a standstill, and services on the shelf."""

from tests.shelf import shelf
from tests.still import sandbox

__all__ = ["sandbox", "shelf"]
