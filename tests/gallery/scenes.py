"""What no address alone shows: menus, previews, refusals beside their fields, pages of trouble."""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory
from django.utils import translation
from playwright.sync_api import Page

from tests.gallery.opened import Opened
from tests.lived_in import people
from tests.lived_in.pages import CUSTOMER, NEWCOMER, VISITOR

Show = Callable[[Page, Opened], None]


@dataclass(frozen=True)
class Scene:
    """A state that takes some doing. `whole` is off where a panel is as high as the window."""

    name: str
    show: Show
    who: str = CUSTOMER
    whole: bool = True


def _menu(page: Page, opened: Opened) -> None:
    page.goto(f"{opened.url}/wallet/")
    page.locator("header details.menu summary").last.click()


def _display_menu(page: Page, opened: Opened) -> None:
    page.goto(f"{opened.url}/wallet/")
    page.locator("header details.menu summary").first.click()


def _finder(page: Page, opened: Opened) -> None:
    if (page.viewport_size or {"width": 0})["width"] < 700:  # there the header has a link to the search
        page.goto(f"{opened.url}/search/?q=insta")
        return
    page.goto(f"{opened.url}/wallet/")
    page.keyboard.press("/")
    page.keyboard.type("insta")
    page.locator("#finder-found [role=option]").first.wait_for()


def _confirm(page: Page, opened: Opened) -> None:
    page.goto(f"{opened.url}/account/api/webhooks/{opened.shop.hooks[0].pk}")
    page.locator("form[data-confirm] button").last.click()
    page.locator("dialog[open]").wait_for()


def _filled(page: Page, opened: Opened) -> None:
    page.goto(f"{opened.url}/services/{opened.shop.services['SMM'].pk}/")
    page.locator("[name=link]").fill("https://www.instagram.com/lumen.ceramics/")
    page.locator("[name=quantity]").fill("2500")


def _wrong(page: Page, opened: Opened) -> None:
    page.goto(f"{opened.url}/services/{opened.shop.services['SMM'].pk}/")
    page.locator("[name=link]").fill("not a link")
    page.locator("[name=quantity]").fill("7")
    page.locator("main form [type=submit]:not([name])").last.click()
    page.locator(".field-error, .error, [aria-invalid=true]").first.wait_for()


def _too_dear(page: Page, opened: Opened) -> None:
    page.goto(f"{opened.url}/services/{opened.shop.services['SMM'].pk}/")
    page.locator("[name=link]").fill("https://www.instagram.com/lumen.ceramics/")
    page.locator("main form [type=submit]:not([name])").last.click()
    page.wait_for_load_state()


def _goods(page: Page, opened: Opened) -> None:
    page.goto(f"{opened.url}/orders/{opened.shop.orders['GOODS'].pk}/")
    page.locator("button#goods-show").click()
    page.get_by_text("quiet.otter").first.wait_for()


def _mass(page: Page, opened: Opened) -> None:
    one, two = opened.shop.usual[:2]
    page.goto(f"{opened.url}/orders/mass/")
    lines = [
        f"{one.pk} | https://www.instagram.com/lumen.ceramics/ | {one.min}",
        f"{two.pk} | https://www.facebook.com/permalink.php?story_fbid={'1234567890' * 4} | {two.min * 2}",
        f"{one.pk} | no link at all | 3",
        "999999999 | https://example.com/ | 100",
    ]
    page.locator("main textarea").fill("\n".join(lines))
    page.locator("main form [type=submit]").first.click()
    page.get_by_text("999999999").first.wait_for()


def _amount(page: Page, opened: Opened) -> None:
    page.goto(f"{opened.url}/wallet/add/")
    page.locator("[name=amount]").fill("100")
    page.locator("main [type=radio]").first.check(force=True)


def _bad_voucher(page: Page, opened: Opened) -> None:
    cache.clear()
    page.goto(f"{opened.url}/wallet/add/")
    page.locator("[name=code]").fill("0000-0000-0000-0000")
    page.locator("form:has([name=code]) [type=submit]").click()
    page.wait_for_load_state()


def _bad_log_in(page: Page, opened: Opened) -> None:
    cache.clear()
    page.goto(f"{opened.url}/accounts/login/")
    page.locator("[name=login]").fill("nobody@example.com")
    page.locator("[name=password]").fill("not my password")
    page.locator("main form [type=submit]").first.click()
    page.wait_for_load_state()


def _bad_sign_up(page: Page, opened: Opened) -> None:
    cache.clear()
    page.goto(f"{opened.url}/accounts/signup/")
    page.locator("[name=email]").fill(opened.shop.customer.email)
    page.locator("[name^=password]").first.fill("short")
    for box in page.locator("main [type=checkbox]").all():
        box.check()
    page.locator("main form [type=submit]").first.click()
    page.wait_for_load_state()


def _second_factor(page: Page, opened: Opened) -> None:
    cache.clear()
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.goto(f"{opened.url}/accounts/login/")
    page.locator("[name=login]").fill(opened.shop.customer.email)
    page.locator("[name=password]").fill(people.PASSWORD)
    page.locator("main form [type=submit]").first.click()
    page.locator("[name=code]").wait_for()


def _missing(page: Page, opened: Opened) -> None:
    page.goto(f"{opened.url}/no/such/page")


def _forbidden(page: Page, opened: Opened) -> None:
    page.goto(f"{opened.url}/admin/orders/order/")


def _trouble(name: str) -> Show:
    """A page that takes a disaster to be seen, as the shop would answer with it."""

    def show(page: Page, opened: Opened) -> None:
        cookies = page.context.cookies(opened.url)
        language = next(each["value"] for each in cookies if each["name"] == settings.LANGUAGE_COOKIE_NAME)
        with translation.override(language):
            if name in ("400.html", "500.html"):
                body = get_template(name).render()
            else:
                request = RequestFactory().get("/services/")
                request.user = opened.shop.customer
                request.LANGUAGE_CODE = language
                body = render_to_string(name, request=request)
        address = f"{opened.url}/trouble/{name}"
        page.route(address, lambda route: route.fulfill(body=body, content_type="text/html; charset=utf-8"))
        page.goto(address)
        page.unroute(address)

    return show


SCENES = [
    Scene("menu-account", _menu, whole=False),
    Scene("menu-display", _display_menu, whole=False),
    Scene("finder", _finder, whole=False),
    Scene("confirm", _confirm, whole=False),
    Scene("order-filled-in", _filled),
    Scene("order-refused", _wrong),
    Scene("order-too-dear", _too_dear, who=NEWCOMER),
    Scene("goods-shown", _goods),
    Scene("mass-order-checked", _mass),
    Scene("funds-amount", _amount),
    Scene("voucher-refused", _bad_voucher),
    Scene("log-in-refused", _bad_log_in, who=VISITOR),
    Scene("sign-up-refused", _bad_sign_up, who=VISITOR),
    Scene("log-in-second-factor", _second_factor, who=VISITOR),
    Scene("trouble-404", _missing),
    Scene("trouble-403", _forbidden),
    *(Scene(f"trouble-{name}", _trouble(f"{name}.html")) for name in ("400", "403_csrf", "429", "500", "503")),
]
