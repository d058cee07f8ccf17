"""The API's page: what it says is what the endpoints do, in every language that it speaks."""

import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import time
from html import unescape
from pathlib import Path

import jsonschema_rs
import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api import keys, panel, refusals, words
from api.docs import bots, hooks, panels, vendor
from api.docs.known import known
from api.docs.openapi import DIALECTS, PATHS, document
from api.docs.samples import LANGUAGES, samples
from api.docs.troubles import TROUBLES
from api.docs.views import _number_words, _order_words
from api.handler import says
from api.handler import table as handler
from api.models import Key
from api.v2 import errors, numbers
from api.webhooks import names
from catalog.models import Service
from desk import ask
from orders import settle, submit
from orders.models import DeliveredItem, Order
from orders.verdict import ended
from reseller.books import audit
from sms import close
from sms.models import Number
from tests.api.conftest import asker
from tests.api.test_v2_numbers import worker
from tests.sms.conftest import listen_to

__all__ = ["listen_to", "worker"]
PAGE = "/api/"
LINK = "https://instagram.com/name"
ENTRIES = [
    pytest.param(dialect, entry, id=f"{dialect.name}-{entry.action}")
    for dialect in DIALECTS
    for entry in dialect.entries
]


def check(ref, answer):
    """Whether an answer fits a schema of the document, by its reference."""
    schema = {"$ref": ref, "components": document(server="https://shop.example", title="Shop")["components"]}
    return jsonschema_rs.validator_for(schema).is_valid(answer)


def described(dialect, action):
    """The schemas of an action's answers."""
    paths = document(server="https://shop.example", title="Shop")["paths"]
    return paths[PATHS[dialect.name]]["post"]["x-answers"][action]


def fits(dialect, action, answer):
    """The first described answer that this one is; fails when it is none."""
    for number, ref in enumerate(described(dialect, action)):
        if check(ref, answer):
            return number
    raise AssertionError(f"no described answer of {action}: {json.dumps(answer)[:2000]}")


class TestDescription:
    @pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
    def test_every_action_is_described_and_no_other(self, dialect):
        assert sorted(entry.action for entry in dialect.entries) == sorted(dialect.actions)

    @pytest.mark.parametrize(("dialect", "entry"), ENTRIES)
    def test_an_example_fits_its_own_schema_alone(self, dialect, entry):
        for number, answer in enumerate(entry.answers):
            assert fits(dialect, entry.action, answer.shape.example) == number

    def test_every_action_of_the_bots_is_described_and_no_other(self):
        assert [line.action for line in bots.LINES] == list(dict.fromkeys(line.action for line in bots.LINES))
        assert {line.action for line in bots.LINES} == set(handler.ACTIONS)

    def test_every_word_of_the_bots_is_told_and_no_other(self):
        told = {word.split(":")[0] for word, _about in bots.WORDS}
        assert told == {value for name, value in vars(says).items() if name.isupper() and isinstance(value, str)}

    @pytest.mark.parametrize("line", bots.LINES, ids=lambda line: line.action)
    def test_an_example_of_the_bots_fits_its_own_schema(self, line):
        for shape in line.answers:
            assert jsonschema_rs.validator_for(shape.schema).is_valid(shape.example)

    def test_every_event_is_told_and_no_other(self):
        assert [name for name, _about in hooks.EVENTS] == [*names.ALL, names.TEST]

    def test_an_example_of_a_webhook_is_what_status_answers(self):
        data = json.loads(hooks.EXAMPLE)["data"]
        for name in ("order", "service", "quantity"):
            assert isinstance(data.pop(name), int)
        assert fits(vendor.DIALECT, "status", data) == 0

    def test_the_customers_page_of_webhooks_says_the_same(self):
        text = (Path(__file__).resolve().parents[2] / "docs/webhooks.md").read_text()
        for language, code in hooks.CHECKS.items():
            assert f"\n{code}\n```" in text, language
        assert hooks.EXAMPLE.splitlines()[1] in text
        for name, _about in (*hooks.EVENTS, *hooks.HEADERS):
            assert f"`{name}`" in text

    def test_every_error_has_its_line(self):
        told = {text for trouble in TROUBLES for text in trouble.words}
        for module in (refusals, errors, numbers, panel):
            for name, value in vars(module).items():
                if name.isupper() and isinstance(value, str) and not name.startswith("CURRENCY"):
                    assert value in told, f"{module.__name__}.{name}"

    def test_every_status_word_is_told(self):
        assert {word for word, _ in _order_words()} >= set(words._ORDERS.values()) | set(words._RUNNING.values())
        assert {word for word, _ in _number_words()} == set(words._NUMBERS.values()) == set(vendor._NUMBER_WORDS)
        assert set(panels._WISH.schema["enum"]) == set(words._WISHES.values())


@pytest.mark.django_db
class TestPage:
    def test_it_stands_open_to_everybody(self, catalogue, projects):
        answer = Client().get(PAGE)
        assert answer.status_code == 200
        text = answer.content.decode()
        for dialect in DIALECTS:
            for entry in dialect.entries:
                assert f'id="{dialect.name}-{entry.action}"' in text
        first = Service.objects.filter(entity="SMM").order_by("pk")[0]
        assert f"service={first.pk}" in text
        for language in LANGUAGES:
            assert f'id="language-{language}"' in text

    def test_it_tells_of_bots_and_webhooks(self):
        text = unescape(Client().get(PAGE).content.decode())
        assert "http://testserver/stubs/handler_api.php" in text
        for line in bots.LINES:
            assert f">{line.action}</code>" in text
            assert all(example in text for example in line.examples)
        for name, _about in (*bots.WORDS, *hooks.EVENTS, *hooks.HEADERS):
            assert f"<code>{name}</code>" in text
        for language, code in hooks.CHECKS.items():
            assert code in text, language

    def test_it_takes_few_queries_and_writes_nothing(self, catalogue, projects, customer):
        browser = Client()
        browser.force_login(customer)
        browser.get(PAGE)
        with CaptureQueriesContext(connection) as asked:
            browser.get(PAGE)
        assert len(asked) <= 12
        assert not [query for query in asked if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]

    def test_it_stands_in_an_empty_shop_too(self):
        assert "service=101" in Client().get(PAGE).content.decode()

    def test_strangers_orders_are_nowhere(self, placed, stranger):
        order = placed(1)
        assert known(order.customer)["order"] == str(order.pk)
        assert "order" not in known(stranger)

    @pytest.mark.parametrize("scope", ["READ_ONLY", "FULL"])
    def test_a_key_made_here_is_filled_in_once_and_works(self, customer, broker, scope):
        browser = Client()
        browser.force_login(customer)
        answer = browser.post("/api/key", {"scope": scope}, follow=True)
        secret = answer.context["secret"]
        assert f'value="{secret}"' in answer.content.decode()
        assert Key.objects.get().scope == scope
        assert asker("/api/v2", secret)("balance")["balance"] == "50.00"
        assert secret not in browser.get(PAGE).content.decode()

    def test_a_made_key_waits_in_no_session_in_clear(self, customer):
        browser = Client()
        browser.force_login(customer)
        browser.post("/api/key", {"scope": "FULL"})
        assert Key.objects.get().prefix not in json.dumps(dict(browser.session.items()))

    def test_one_key_too_many_is_refused_in_words(self, customer, now):
        for number in range(keys.MOST):
            keys.make(customer=customer, name=str(number), now=now)
        browser = Client()
        browser.force_login(customer)
        assert "revoke one" in browser.post("/api/key", follow=True).content.decode()

    def test_only_who_is_signed_in_makes_a_key(self):
        assert Client().post("/api/key").status_code == 302
        assert not Key.objects.exists()

    def test_nobody_keeps_the_page(self, customer):
        assert "no-store" in Client().get(PAGE)["Cache-Control"]


# ── What stands there runs ─────────────────────────────────────────────────────────────────────────
@pytest.fixture
def furnished(catalogue, projects, rich, now, worker, sandbox, listen_to, ask):
    """A customer with an order of each kind, a number with a code, and a request for a refill."""
    Service.objects.update(refill=True, cancel=True)
    smm = next(service for service in catalogue.values() if service.entity == "SMM")
    orders = {}
    for name, service, quantity in [("done", smm, smm.min), ("goods", catalogue[7], 2), ("open", smm, smm.min)]:
        order = orders[name] = Order.objects.get(
            pk=ask("add", service=service.pk, quantity=quantity, link=LINK)["order"]
        )
        submit.submit(order_id=order.pk)
    for position in (1, 2):
        DeliveredItem.objects.create(order=orders["goods"], position=position, text=f"u{position}:p", delivered_at=now)
    Order.objects.filter(pk=orders["goods"].pk).update(delivered=2)
    settle.settle(order_id=orders["goods"].pk, verdict=ended(2, 2), now=now)
    settle.settle(order_id=orders["done"].pk, verdict=ended(smm.min, smm.min), now=now)
    orders["refill"] = ask_refill(orders["done"])
    return orders


def ask_refill(order):
    return ask.refill(order_id=order.pk, customer=order.customer, now=timezone.now())


def run(language, sample, secret):
    """Run an example as somebody would who copied it; what it printed."""
    code = sample.code(secret)
    if language == "curl":
        command, given = ["sh"], code
    elif language == "python":
        command, given = [sys.executable, "-"], code.replace("print(answer.json())", "print(answer.text)")
    elif language == "node":
        command, given = ["node", "--input-type=module", "-"], code.replace("answer.json()", "answer.text()")
    else:
        command, given = ["php"], code.replace("print_r(json_decode(curl_exec($call), true))", "echo curl_exec($call)")
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.django_db(transaction=True)
class TestExamples:
    def test_every_answer_is_one_of_those_described(self, furnished, rich, secret, projects, sandbox, listen_to):
        values = known(rich)
        seen = set()
        for dialect in DIALECTS:
            ask_it = asker(PATHS[dialect.name], secret)
            for entry in dialect.entries:
                fit = {"refill": furnished["done"].pk, "cancel": furnished["open"].pk}.get(entry.action)
                given = entry.values(values | ({"order": str(fit)} if fit else {}))
                answer = ask_it(given.pop("action"), **given)
                seen.add((dialect.name, entry.action, fits(dialect, entry.action, answer)))
                values |= known(rich)
        # What one example alone does not show.
        number = Number.objects.get()
        sandbox.vendor.clock.advance(600)
        listen_to(number)
        several = ",".join(str(order.pk) for name, order in furnished.items() if name != "refill") + ",999999"
        more = [
            (vendor.DIALECT, "status", {"orders": several}),
            (vendor.DIALECT, "status", {"order": furnished["goods"].pk}),
            (vendor.DIALECT, "status", {"order": furnished["done"].pk}),
            (vendor.DIALECT, "status", {"order": self.to_come(furnished["goods"], secret)}),
            (vendor.DIALECT, "sms_code", {"order": number.pk}),
            (vendor.DIALECT, "sms_status", {"order": number.pk}),
            (vendor.DIALECT, "services", {}),
            (panels.DIALECT, "status", {"orders": several}),
            (panels.DIALECT, "cancel", {"orders": f"{several},x"}),
            (panels.DIALECT, "refill", {"orders": f"{several},x"}),
            (panels.DIALECT, "refill_status", {"refills": f"{furnished['refill'].pk},999,x"}),
        ]
        for dialect, action, given in more:
            answer = asker(PATHS[dialect.name], secret)(action, **given)
            seen.add((dialect.name, action, fits(dialect, action, answer)))
        described_ones = {
            (dialect.name, entry.action, number)
            for dialect in DIALECTS
            for entry in dialect.entries
            for number in range(len(entry.answers))
        }
        assert described_ones - seen == set()
        assert audit().problems == []

    def to_come(self, goods, secret):
        return asker("/api/v2", secret)("add", service=goods.service_id, quantity="1")["order"]

    @pytest.mark.parametrize("language", ["curl", "python", "node", "php"])
    def test_an_example_runs_as_it_stands(self, live_server, furnished, rich, secret, language):
        skip_without({"python": sys.executable}.get(language, language))
        if language == "php" and not has_php_curl():
            pytest.skip("php is here, its curl extension is not")
        values = known(rich)
        for dialect, action in [(vendor.DIALECT, "services"), (vendor.DIALECT, "add"), (panels.DIALECT, "status")]:
            entry = next(entry for entry in dialect.entries if entry.action == action)
            made = {
                one.language: one for one in samples(f"{live_server.url}{PATHS[dialect.name]}", entry.values(values))
            }
            fits(dialect, action, run(language, made[language], secret))
        assert Order.objects.latest("pk").link == "https://example.com/name"

    def test_every_answer_of_the_bots_is_one_of_those_described(self, furnished, rich, secret, sandbox, listen_to):
        client = Client()
        described = {line.action: line for line in bots.LINES}
        seen = set()

        def ask_it(action, **given):
            # What is told besides is no secret parameter.
            assert set(given) <= {*described[action].needs, *described[action].takes}
            answer = client.get("/stubs/handler_api.php", {"api_key": secret, "action": action, **given})
            plain = answer["Content-Type"].startswith("text/plain")
            came = answer.content.decode() if plain else answer.json()
            for number, shape in enumerate(described[action].answers):
                if jsonschema_rs.validator_for(shape.schema).is_valid(came):
                    seen.add((action, number))
                    return came
            raise AssertionError(f"no described answer of {action}: {came}")

        for action in ("getBalance", "getPrices", "getCountries", "getServicesList", "getNumbersStatus"):
            ask_it(action)
        wish = bots.example(known(rich))
        wish.pop("action")
        first = int(ask_it("getNumber", **wish).split(":")[1])
        second = ask_it("getNumberV2", **wish, maxPrice="5", orderId="mine")["activationId"]
        ask_it("setStatus", id=first, status=1)
        ask_it("getStatus", id=first)
        ask_it("getStatusV2", id=first)
        sandbox.vendor.clock.advance(60)
        listen_to(*Number.objects.filter(pk=first))
        assert Number.objects.get(pk=first).messages.exists()
        ask_it("getStatus", id=first)
        ask_it("getActiveActivations")
        ask_it("getStatusV2", id=first)
        ask_it("setStatus", id=first, status=3)
        ask_it("getStatus", id=first)
        ask_it("setStatus", id=first, status=6)
        Number.objects.filter(pk=second).update(expires_at=timezone.now())
        with transaction.atomic():
            close.end(Number.objects.select_related("slot__hold", "purchase").get(pk=second), "EXPIRED", timezone.now())
        ask_it("getStatus", id=second)
        ask_it("setStatus", id=second, status=8)
        every = {(line.action, number) for line in bots.LINES for number in range(len(line.answers))}
        assert every - seen == set()
        assert audit().problems == []

    @pytest.mark.parametrize("language", ["curl", "python", "node", "php"])
    def test_the_bots_example_runs_as_it_stands(self, live_server, furnished, rich, secret, language):
        skip_without({"python": sys.executable}.get(language, language))
        if language == "php" and not has_php_curl():
            pytest.skip("php is here, its curl extension is not")
        asker_url = f"{live_server.url}/stubs/handler_api.php"
        given = bots.example(known(rich))
        made = {one.language: one for one in samples(asker_url, given, key="api_key", plain=True)}
        command = {"curl": ["sh"], "python": [sys.executable, "-"], "node": ["node", "--input-type=module", "-"]}
        done = subprocess.run(
            command.get(language, ["php"]),
            input=made[language].code(secret),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == f"ACCESS_NUMBER:{Number.objects.latest('pk').pk}:" + (
            Number.objects.latest("pk").e164.lstrip("+")
        )


class TestSignatures:
    """The checks of a webhook's signature that the page shows, in each language that is on this machine."""

    SECRET = "whsec_" + "5" * 64
    BODY = b'{"id": "\xc3\xa9", "event": "test"}'

    def takes(self, language, header, *, secret=SECRET, body=BODY, folder):
        (folder / "body.json").write_bytes(body)
        code = hooks.CHECKS[language]
        match language:
            case "curl":
                moment, mark = (part.split("=")[1] for part in header.split(",")[:2])
                command, given = ["sh"], code
                more = {"MOMENT": moment, "WEBHOOK_SECRET": secret}
            case "python":
                command, more = [sys.executable, "-"], {}
                given = (
                    f"{code}\n\nbody = open('body.json', 'rb').read()\nprint(is_ours({secret!r}, {header!r}, body))\n"
                )
            case "node":
                command, more = ["node", "-"], {}
                call = f"isOurs({json.dumps(secret)}, {json.dumps(header)}, require('fs').readFileSync('body.json'))"
                given = f"{code}\nconsole.log({call} ? 'True' : 'False');\n"
            case _:
                # The function alone: the rest of it answers a request.
                function = code.split("\n\n")[0]
                command, more = ["php"], {}
                call = f"is_ours({php(secret)}, {php(header)}, file_get_contents('body.json'))"
                given = f"{function}\necho {call} ? 'True' : 'False';\n"
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, timeout=60, cwd=folder, env={**os.environ, **more}
        )
        assert done.returncode == 0, done.stderr
        if language == "curl":
            return done.stdout.split()[-1] == mark
        assert done.stdout.strip() in ("True", "False")
        return done.stdout.strip() == "True"

    @pytest.mark.parametrize("language", ["curl", "python", "node", "php"])
    def test_it_takes_ours_and_nothing_else(self, language, tmp_path):
        skip_without({"python": sys.executable, "curl": "openssl"}.get(language, language))

        def signed(at, secret=self.SECRET, body=self.BODY):
            return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()

        now = int(time.time())
        header = f"t={now},v1={signed(now)}"
        assert self.takes(language, header, folder=tmp_path)
        assert not self.takes(language, header, secret="whsec_" + "6" * 64, folder=tmp_path)
        assert not self.takes(language, header, body=self.BODY + b" ", folder=tmp_path)
        assert not self.takes(language, f"t={now - 1},v1={signed(now)}", folder=tmp_path)
        if language == "curl":
            return  # whoever does it by hand reads the rest of the header
        assert self.takes(language, f"t={now},v1={'0' * 64},v1={signed(now)}", folder=tmp_path)
        assert not self.takes(language, f"t={now - 400},v1={signed(now - 400)}", folder=tmp_path)
        assert not self.takes(language, f"t={now},v1={signed(now, secret='')}", secret="", folder=tmp_path)
        for odd in ("", "t=,v1=", f"t={now}", f"t={now},v1=\u00e9", f"t={'9' * 5000},v1={signed(now)}", "t=²,v1=1"):
            assert not self.takes(language, odd, folder=tmp_path)


def skip_without(program):
    """Skips the test on a machine that has no such program."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not on this machine")


def has_php_curl():
    """Whether this machine's php can make calls."""
    modules = subprocess.run(["php", "-m"], capture_output=True, text=True, check=True).stdout
    return "curl" in modules.split()


def php(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
