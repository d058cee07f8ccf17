"""What axe finds on a page, once nothing on it moves any more: half faded in, the best of texts is too pale."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SETTLED = """() => Promise.all(document.getAnimations()
    .filter(each => each.effect.getComputedTiming().iterations !== Infinity)
    .map(each => each.finished.catch(() => null)))"""


def serious(page: Page) -> list[str]:
    """Its serious and critical findings on the page as it is, with the first place of each."""
    page.evaluate(SETTLED)
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")]
