"""A shop that people have lived in: something to show on every page, and the list of all pages.

    shop = LivedIn(now=now).open()      # one of everything, in every state
    shop.more(30)                       # and thirty more of whatever stands in a list
    for page in PAGES: page.path(shop)

The gallery photographs it, the journeys load every page of it, and the query counts compare it with itself.
What can be done by an act is done by one, so that the books are right; the catalogue has to be there before.
"""

from tests.lived_in.pages import PAGES, Page
from tests.lived_in.shop import LivedIn

__all__ = ["PAGES", "LivedIn", "Page"]
