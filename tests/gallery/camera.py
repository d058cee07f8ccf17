"""Takes one page in every look: loaded in each language and width, and only switched between the themes."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from accounts.models import User
from tests import browser as programs
from tests.lived_in import people

LANGUAGES = ("en", "zh-hans")
THEMES = ("light", "dark")
WIDTHS = (1280, 360)
HEIGHTS = {1280: 800, 360: 740}


@dataclass(frozen=True)
class Shot:
    """A picture that was taken."""

    group: str
    page: str
    language: str
    theme: str
    width: int

    @property
    def file(self) -> str:
        return f"{self.page}.{self.language}.{self.theme}.{self.width}.png"


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The machine's own browser."""
    program = programs.find()
    if program is None:
        raise SystemExit(programs.ADVICE)
    started = playwright.chromium.launch(executable_path=program, args=programs.arguments())
    try:
        yield started
    finally:
        started.close()


class Camera:
    """Opens pages as somebody and takes them."""

    def __init__(self, browser: Browser, url: str, folder: Path, user: User | None) -> None:
        self.url, self.folder = url, folder
        self.context: BrowserContext = browser.new_context(locale="en-US", timezone_id="Europe/Berlin")
        self.context.set_default_timeout(20_000)
        if user:
            self._cookie(settings.SESSION_COOKIE_NAME, people.session_of(user, proved=True))
        self.page: Page = self.context.new_page()

    def _cookie(self, name: str, value: str) -> None:
        self.context.add_cookies([{"name": name, "value": value, "url": self.url}])

    def take(
        self,
        group: str,
        name: str,
        show: Callable[[Page], None],
        *,
        languages: tuple[str, ...] = LANGUAGES,
        widths: tuple[int, ...] = WIDTHS,
        whole: bool = True,
        steady: bool = True,
    ) -> list[Shot]:
        """`show` brings the page there; then it is taken in every look.

        `steady` pages follow the browser's theme as it changes; others are loaded for each.
        """
        taken = []
        for language, width in itertools.product(languages, widths):
            self._cookie(settings.LANGUAGE_COOKIE_NAME, language)
            self.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            for theme in THEMES:
                self.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                if theme == THEMES[0] or not steady:
                    show(self.page)
                shot = Shot(group, name, language, theme, width)
                self.page.screenshot(path=self.folder / shot.file, full_page=whole, animations="disabled")
                taken.append(shot)
        return taken

    def close(self) -> None:
        self.context.close()
