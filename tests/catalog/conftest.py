"""The vendor at a standstill."""

from tests.still import sandbox

__all__ = ["sandbox"]
