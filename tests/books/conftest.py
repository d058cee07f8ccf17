"""The makers of the counted days, for the other files."""

from tests.books.test_count import customer

__all__ = ["customer"]
