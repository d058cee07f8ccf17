"""Take the pictures: `python -m tests.gallery [--only WORDS] [--group GROUP] [--big] [--into FOLDER]`."""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

# As for the tests: their settings, and a browser that keeps an event loop in this thread.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

import django

django.setup()

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402
from playwright.sync_api import Error as Stuck  # noqa: E402

from tests.gallery import back_office, sheet  # noqa: E402
from tests.gallery.camera import Camera, Shot, chromium  # noqa: E402
from tests.gallery.opened import Opened, opened  # noqa: E402
from tests.gallery.scenes import SCENES, Scene  # noqa: E402
from tests.lived_in.pages import PAGES, ROLES, VISITOR  # noqa: E402

BIG = {"front", "catalog-list", "catalog-list-category", "catalog-list-filtered", "storefront-search-found"}


def main() -> int:
    """Open the shop, take what is wanted, write the index; 1 when something could not be taken."""
    wanted = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    wanted.add_argument("--only", nargs="*", default=[], help="parts of the names of pages")
    wanted.add_argument("--group", choices=["pages", "scenes", "admin"], action="append")
    wanted.add_argument("--big", action="store_true", help="a catalogue of 100,000 services, and its pages alone")
    wanted.add_argument("--into", type=Path, default=Path("screenshots"))
    given = wanted.parse_args()
    given.into.mkdir(parents=True, exist_ok=True)
    logging.disable(logging.WARNING)
    began, shots, failed = time.monotonic(), [], []
    with opened(big=given.big) as shop, sync_playwright() as playwright, chromium(playwright) as browser:
        for name, take in _wanted(shop, browser, given):
            try:
                shots += take()
            except Stuck as error:
                failed.append(f"{name}: {str(error).splitlines()[0]}")
    shots.sort(key=lambda shot: shot.group)
    print(f"{len(shots)} pictures in {time.monotonic() - began:.0f} s: {sheet.write(given.into, shots)}")
    for line in failed:
        print(line, file=sys.stderr)
    return 1 if failed else 0


def _wanted(
    shop: Opened, browser: Browser, given: argparse.Namespace
) -> Iterator[tuple[str, Callable[[], list[Shot]]]]:
    """The name of each page that is wanted, and how it is taken."""
    groups = given.group or ["pages", "scenes", "admin"]
    people = {VISITOR: None, **{role: getattr(shop.shop, role) for role in ROLES}}

    def is_wanted(name: str) -> bool:
        return (not given.big or name in BIG) and (not given.only or any(word in name for word in given.only))

    for role, user in people.items():
        camera = Camera(browser, shop.url, given.into, user)
        for each in PAGES if "pages" in groups else []:
            if each.who == role and is_wanted(each.name):
                yield each.name, _take(camera, "Pages", each.name, _go(shop.url + each.path(shop.shop)))
        for scene in SCENES if "scenes" in groups else []:
            if scene.who == role and is_wanted(scene.name):
                yield scene.name, _take(camera, "Scenes", scene.name, _play(scene, shop), whole=scene.whole)
        camera.close()
    camera = Camera(browser, shop.url, given.into, shop.shop.operator)
    for name, path in back_office.addresses(shop.shop) if "admin" in groups else []:
        if is_wanted(f"admin-{name}"):
            show = _go(shop.url + path)
            looks = {"languages": ("en",), "widths": (1280,), "steady": False}
            yield name, _take(camera, "Admin", f"admin-{name}", show, **looks)
    camera.close()


def _take(
    camera: Camera, group: str, name: str, show: Callable[[Page], None], **more: object
) -> Callable[[], list[Shot]]:
    return lambda: camera.take(group, name, show, **more)  # type: ignore[arg-type]


def _go(address: str) -> Callable[[Page], None]:
    def show(page: Page) -> None:
        page.goto(address)

    return show


def _play(scene: Scene, shop: Opened) -> Callable[[Page], None]:
    return lambda page: scene.show(page, shop)


if __name__ == "__main__":
    sys.exit(main())
