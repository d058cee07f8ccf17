"""What axe finds on a page, once nothing on it moves any more: half faded in, the best of texts is too pale."""

from collections.abc import Iterable

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SETTLED = """() => Promise.all(document.getAnimations()
    .filter(each => each.effect.getComputedTiming().iterations !== Infinity)
    .map(each => each.finished.catch(() => null)))"""


def serious(page: Page, *, apart_from: Iterable[str] = ()) -> list[str]:
    """Its serious and critical findings on the page as it is, with the first place of each.

    `apart_from` are selectors of what need not be looked at: two thirds of the time goes to the contrast of each text.
    """
    page.evaluate(SETTLED)
    context = {"exclude": [[selector] for selector in apart_from]} if apart_from else None
    found = Axe().run(page, context=context, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")]
