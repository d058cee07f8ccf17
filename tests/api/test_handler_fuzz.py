"""Whatever is sent to the bots' address: HTTP 200, a word or a table, and no money moves on what nobody can mean.

API_FUZZ_SEED draws other requests (`random` each time others, and told), API_FUZZ=100000 draws more.
"""

import json
import os
import random
from urllib.parse import urlencode

import pytest
from django.test import Client

from api.handler.table import ACTIONS
from reseller.books import audit
from sms import acquire, buy
from sms.models import Number, Purchase
from tests.api.test_fuzz import KINDS, ODD, chosen_seed
from wallet import ledger

REQUESTS = int(os.environ.get("API_FUZZ", "1000"))
URL = "/stubs/handler_api.php"
NAMES = (
    *("service", "country", "maxPrice", "operator", "ref", "forward", "orderId", "userId", "id", "status", "lang"),
    *("start", "limit", "verification", "activationType", "idempotency_key", "phoneException", "json", "key"),
)
# Prices that nothing is sold at: a number's id may be a country's, so a real price would buy there.
NOTHING = (" ", "0", "-1", "NaN", "null", "1e9", "0.00001")
WORDS = ("ACCESS_", "STATUS_", "BAD_", "NO_", "WRONG_MAX_PRICE", "EARLY_CANCEL_DENIED", "ORDER_ALREADY_EXISTS")


class Fuzz:
    """Requests that no bot would send, drawn from a seed."""

    def __init__(self, seed, secret, number_id):
        self.draw = random.Random(seed)
        self.secret, self.number_id = secret, number_id

    def value(self):
        draw = self.draw
        if draw.random() < 0.3:
            return str(draw.choice([self.number_id, 187, 1, 3, 6, 8, -1, "any"]))
        if draw.random() < 0.7:
            return draw.choice(ODD)
        return "".join(chr(draw.choice([draw.randrange(32, 127), draw.randrange(1, 0xD7FF)])) for _ in range(9))

    def params(self):
        draw = self.draw
        params = {name: self.value() for name in draw.sample(NAMES, draw.randrange(0, 8))}
        if draw.random() < 0.95:
            params["api_key"] = self.secret
        if draw.random() < 0.95:
            params["action"] = draw.choice([*ACTIONS, "getstatus", "x" * 300, "get\x00Status"])
        # A service that is sold with a country and nothing against it is a wish that somebody could mean.
        if params.get("action", "").startswith("getNumber") and draw.random() < 0.3:
            params |= {"service": "tg", "maxPrice": draw.choice(NOTHING)}
        return params

    def request(self):
        """Method, query, body and content type."""
        draw, params = self.draw, self.params()
        way = draw.random()
        query = urlencode(params, errors="surrogatepass")
        if way < 0.5:
            return "GET", query, b"", ""
        if way < 0.7:
            return "POST", query, draw.randbytes(draw.randrange(100)), draw.choice(KINDS)
        if way < 0.85:
            return "POST", "", query.encode(), KINDS[0]
        if way < 0.95:
            return "POST", "", json.dumps(params).encode(), draw.choice(KINDS) + draw.choice(["", "; boundary=x"])
        return draw.choice(["PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "GET"]), query + "&%ff=%00%zz" * 3, b"", ""


@pytest.mark.django_db
def test_whatever_is_sent_is_answered_and_moves_no_money(project, rich, secret, now, settings):
    settings.API_PER_MINUTE = 10**9
    settings.API_NUMBERS_WAIT = 0
    purchase = buy.numbers(customer=rich, project_id=project.pk, quantity=1, now=now)
    acquire.acquire(purchase_id=purchase.pk)
    number = Number.objects.get()
    account = ledger.account_of(rich)
    balance, held = account.balance, account.held
    fuzz, client = Fuzz(chosen_seed(), secret, number.pk), Client(raise_request_exception=True)
    told = {"text": 0, "table": 0}
    for position in range(REQUESTS):
        method, query, body, kind = fuzz.request()
        answer = client.generic(method, f"{URL}?{query}", body, content_type=kind)
        sent = (position, method, query, body, kind)
        assert answer.status_code == 200, sent
        if answer["Content-Type"] == "application/json":
            answer.json()
            told["table"] += 1
        elif method != "HEAD":
            assert answer.content.decode().startswith(WORDS), sent
            told["text"] += 1
    assert min(told.values()) > REQUESTS / 20, told
    account = ledger.account_of(rich)
    assert (account.balance, account.held) == (balance, held)
    assert list(Purchase.objects.all()) == [purchase]
    number.refresh_from_db()
    assert number.state == "WAITING"
    assert audit().problems == []
