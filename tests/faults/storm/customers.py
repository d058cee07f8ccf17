"""People who buy through the web pages as a browser does: log in, open the form, send it, and again when no answer
came. Each remembers every form that was sent, and what was said to it."""

import html
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import requests

from tests.faults.storm.schedule import Wish

PATIENCE = 15.0  # seconds for one answer
HURRY = 0.03  # seconds of one who clicks again at once, or leaves
PAUSE = 1.0  # seconds before somebody tries again
_INPUT = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r'([a-z_-]+)="([^"]*)"')
_ORDER = re.compile(r"/orders/([0-9]+)/\Z")


@dataclass(slots=True)
class Form:
    """One form that a customer filled in, and what came of sending it."""

    wish: Wish
    email: str
    item: int  # our number of the service or project
    key: str = ""
    quantity: int = 0
    sent: int = 0  # whole requests that left
    answered: int = 0  # times that the shop said it is bought
    orders: set[int] = field(default_factory=set)  # the orders that it named
    refused: str = ""
    first_answer_at: float = 0.0  # of the wall clock


class Customer:
    """One person with a browser of their own."""

    def __init__(self, *, url: str, email: str, password: str, items: dict[tuple[str, int | str], int]) -> None:
        """`items`: our number of a service or project by (kind, the vendor's)."""
        self.email = email
        self.forms: list[Form] = []
        self.lost_answers = 0
        self.in_flight = False
        self._url = url
        self._password = password
        self._items = items
        self._browser = requests.Session()
        self._browser.trust_env = False

    def log_in(self) -> None:
        """Through the log-in page."""
        page = self._browser.get(f"{self._url}/accounts/login/", timeout=PATIENCE)
        fields = {**_hidden(page.text), "login": self.email, "password": self._password}
        answer = self._browser.post(page.url, data=fields, timeout=PATIENCE, allow_redirects=False)
        if answer.status_code != 302:
            raise RuntimeError(f"{self.email} can't log in: HTTP {answer.status_code}")

    def buy(self, wish: Wish, goes_on: Callable[[], bool]) -> None:
        """Open the form and send it as this customer's temper has it; tries on while `goes_on()`."""
        fields: dict[str, str] | None = None
        form = Form(wish=wish, email=self.email, item=self._items[wish.kind, wish.item])
        path = f"/services/{form.item}/" if wish.kind == "order" else f"/numbers/project/{form.item}/"
        while fields is None:
            fields = self._open(path)
            if fields is None:
                if not goes_on():
                    return
                time.sleep(PAUSE)
        midway = wish.temper == "gone" and wish.number % 2 == 1
        quantity = int(fields.pop("quantity"))
        if "phone" in fields:
            fields["phone"] = ""
        elif wish.mark:
            fields["link"] = wish.mark
        # Of one who leaves midway the last digit is cut off: then it is still a quantity, and not the one meant.
        of_service = wish.kind == "order" and bool(wish.mark)
        form.quantity = wish.quantity * (quantity if of_service else 1) * (10 if midway and of_service else 1)
        fields["quantity"] = str(form.quantity)
        form.key = fields["form_key"]
        self.forms.append(form)
        if midway:
            self._leave_midway(path, fields)
            return
        self.in_flight = True
        try:
            self._send_until_answered(form, path, fields, goes_on)
        finally:
            self.in_flight = False

    def _send_until_answered(self, form: Form, path: str, fields: dict[str, str], goes_on: Callable[[], bool]) -> None:
        temper = form.wish.temper
        if temper == "twin":
            second = threading.Thread(target=self._send, args=(form, path, fields, PATIENCE))
            second.start()
            self._send(form, path, fields, PATIENCE)
            second.join()
        else:
            self._send(form, path, fields, HURRY if temper in ("impatient", "gone") else PATIENCE)
        while not form.answered and not form.refused and temper != "gone":
            if not goes_on():
                return
            time.sleep(PAUSE)
            self._send(form, path, fields, PATIENCE)

    def statement(self) -> str:
        """Their own list of what moved, as the shop gives it for a spreadsheet."""
        answer = self._browser.get(f"{self._url}/wallet/statement.csv", timeout=PATIENCE)
        answer.raise_for_status()
        return answer.content.decode("utf-8-sig")

    def _open(self, path: str) -> dict[str, str] | None:
        """The form's fields as the page has them; None when the page didn't come."""
        try:
            page = self._browser.get(self._url + path, timeout=PATIENCE)
        except requests.RequestException:
            return None
        fields = _hidden(page.text)
        return fields if page.status_code == 200 and "form_key" in fields else None

    def _send(self, form: Form, path: str, fields: dict[str, str], patience: float) -> None:
        form.sent += 1
        try:
            answer = requests.post(
                self._url + path,
                data=fields,
                cookies=self._browser.cookies.get_dict(),
                timeout=(PATIENCE, patience),
                allow_redirects=False,
            )
        except requests.RequestException:
            self.lost_answers += 1
            return
        target = urlsplit(answer.headers.get("Location", "")).path
        if answer.status_code == 302 and (order := _ORDER.search(target)):
            form.orders.add(int(order[1]))
        elif answer.status_code == 422:
            form.refused = _said(answer.text)
            return
        elif answer.status_code != 302 or target != "/numbers/board/":
            self.lost_answers += 1
            return
        form.answered += 1
        form.first_answer_at = form.first_answer_at or time.time()

    def _leave_midway(self, path: str, fields: dict[str, str]) -> None:
        """Go away while the request is being sent: half of it is missing, or the last digit of the quantity."""
        body = urlencode(fields)
        cut = body[:-1] if len(body) % 2 else body[: len(body) // 2]
        cookies = "; ".join(f"{name}={value}" for name, value in self._browser.cookies.get_dict().items())
        where = urlsplit(self._url)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {where.netloc}\r\nCookie: {cookies}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            with socket.create_connection((where.hostname, where.port), timeout=PATIENCE) as connection:
                connection.sendall((head + cut).encode())
                time.sleep(HURRY)
        except OSError:
            return


def _hidden(page: str) -> dict[str, str]:
    """The named inputs of the page's forms with their values; of those that occur twice the last."""
    found = {}
    for tag in _INPUT.findall(page):
        attributes = dict(_ATTRIBUTE.findall(tag))
        if "name" in attributes:
            found[attributes["name"]] = html.unescape(attributes.get("value", ""))
    return found


def _said(page: str) -> str:
    """Why a form came back, for a reader of the figures."""
    words = re.findall(r'role="alert"[^>]*>(.*?)</div>|class="error"[^>]*>(.*?)</', page, re.DOTALL)
    text = " ".join(" ".join(groups) for groups in words)
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())[:200] or "refused without a word"
