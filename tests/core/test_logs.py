"""A log line stays one line and tells no secret, whatever the vendor or a customer wrote, in both formats."""

import json
import logging
import threading
import time
from contextvars import copy_context

import pytest
from django.test import RequestFactory
from django.urls import resolve

from core import context, masking
from core.logs import JsonLine, OneLine


def record(message, *args, level=logging.WARNING, error=None, **extra):
    made = logging.LogRecord("x", level, __file__, 1, message, args, error and (type(error), error, None))
    vars(made).update(extra)
    return made


def line(*args, **more):
    text = JsonLine().format(record(*args, **more))
    assert "\n" not in text
    return json.loads(text)


def test_control_characters_are_escaped():
    hostile = record("name %s", "a\n12:00:00 ERROR forged\x1b[31m")
    for text in (OneLine().format(hostile), JsonLine().format(hostile)):
        assert "\n" not in text
        assert "\x1b" not in text
        assert "\\n12:00:00 ERROR forged" in text


def test_an_object_decodes_to_text_that_is_harmless_on_a_terminal():
    event = line("name %s", "a\nb\x1b[31m\u2028\u202e 中文")["event"]
    assert event == "name a\\nb\\x1b[31m\\u2028\\u202e 中文"


def test_no_line_of_a_traceback_looks_like_a_line_of_the_log():
    text = OneLine().format(record("broke", error=ValueError("odd\n12:00:00 ERROR   forged")))
    first, *rest = text.split("\n")
    assert first.endswith("broke")
    assert rest
    assert all(line.startswith("  ") for line in rest)


def test_an_object_has_time_level_logger_event_and_traceback():
    found = line("order %s: %s", 17, "RUNNING", error=ValueError("odd\nword"))
    assert set(found) == {"time", "level", "logger", "event", "exception"}
    assert (found["level"], found["logger"], found["event"]) == ("WARNING", "x", "order 17: RUNNING")
    assert found["time"].endswith("Z")
    assert found["exception"] == "ValueError: odd\nword"


def test_facts_stand_beside_and_take_no_place_of_ours():
    found = line("done", facts={"ms": 3.5, "event": "forged", "api_key": "abc", "text": "a\nb"})
    assert (found["ms"], found["event"], found["api_key"], found["text"]) == (3.5, "done", masking.HIDDEN, "a\\nb")


def test_what_another_handler_kept_of_a_traceback_is_not_taken_over():
    kept = record("broke", error=ValueError("token=hunter2hunter2"))
    kept.exc_text = "ValueError: token=hunter2hunter2"
    assert "hunter2" not in JsonLine().format(kept)
    kept.exc_text = "ValueError: token=hunter2hunter2"
    assert "hunter2" not in OneLine().format(kept)


def test_a_text_without_end_is_cut():
    assert len(OneLine().format(record("%s", "x" * 1_000_000))) < 20_000
    assert len(JsonLine().format(record("%s", "x", error=ValueError("y" * 1_000_000)))) < 100_000


class TestSecrets:
    @pytest.fixture(autouse=True)
    def secrets(self, settings):
        settings.UPSTREAM_KEY = "up/stream+key=1"
        settings.STRIPE_SECRET_KEY = "sk_live_abcdef"
        settings.ALERT_HOOK_URL = "https://hooks.example.com/services/T0/B0/verysecret"
        settings.CELERY_BROKER_URL = "redis://shop:brokerpassword@10.0.0.1:6379/0"

    @pytest.mark.parametrize(
        "text",
        [
            "no answer: up/stream+key=1",
            "POST body key up%2Fstream%2Bkey%3D1 was refused",
            "stripe says sk_live_abcdef is gone",
            "posting to https://hooks.example.com/services/T0/B0/verysecret broke",
            "can't reach redis://shop:brokerpassword@10.0.0.1:6379/0",
            "can't reach postgres://shop:verysecret@10.0.0.1/shop",
            "GET /stubs/handler_api.php?api_key=verysecret&action=getBalance",
            "url: https://vendor.example.com/api?verysecret (Caused by",
            "{'key': 'verysecret', 'action': 'add'}",
            '{"password": "verysecret"}',
            "Authorization: Bearer verysecret",
            "sent with bearer verysecret12",
            "Cookie: sessionid=verysecret; csrftoken=verysecret",
            "token=verysecret",
            "Top-up 3: mira.verysecret+x@mail.example.com says that $5 are on their way",
            "<verysecret@example.com>: refused",
            "(b'x-api-key', b'verysecret')",
        ],
    )
    def test_are_hidden_in_messages_and_tracebacks(self, text):
        hidden = ("verysecret", "up/stream", "up%2Fstream", "sk_live", "brokerpassword")
        for said in (line("%s", text)["event"], line("x", error=ValueError(text))["exception"]):
            assert masking.HIDDEN in said
            assert not any(secret in said for secret in hidden), said
        assert not any(secret in OneLine().format(record("%s", text)) for secret in hidden)

    @pytest.mark.parametrize(
        "text",
        [
            "order 17: RUNNING",
            "duplicate key value: Key (id)=(5)",
            "alert upstream:key: rejected",
            "why? nobody",
        ],
    )
    def test_are_not_seen_where_there_are_none(self, text):
        assert masking.mask(text) == text

    def test_are_hidden_through_whole_tables_by_their_names(self):
        hidden = masking.masked({"a": [{"X-Api-Key": "k"}], "cookies": {"s": "1"}, "code": "1234", "zip_code": "1234"})
        assert hidden == {
            "a": [{"X-Api-Key": masking.HIDDEN}],
            "cookies": masking.HIDDEN,
            "code": masking.HIDDEN,
            "zip_code": "1234",
        }

    @pytest.mark.parametrize(
        "piece", ["a", "a-", "/", "http://", "a:", "key", "key=", "' ", "bearer ", "token: ", "a://", "?", "?a", "://:"]
    )
    def test_are_looked_for_in_hostile_texts_without_taking_seconds(self, piece):
        began = time.perf_counter()
        masking.mask((piece * 50_000)[:50_000] + "=\"'?@")
        assert time.perf_counter() - began < 1


class TestAddresses:
    @pytest.mark.parametrize(
        ("path", "shown"),
        [
            ("/accounts/password/reset/key/5-secretsecret/", "(?P<key>"),
            ("/orders/17/", "/orders/<int:"),
            ("/nothing/5-secretsecret/", "/nothing/…"),
        ],
    )
    def test_are_told_by_their_patterns_in_lines_of_djangos_own(self, path, shown):
        request = RequestFactory().get(path)
        if not path.startswith("/nothing"):
            request.resolver_match = resolve(path)
        said = line("%s: %s", "Not Found", path, request=request)["event"]
        assert shown in said
        assert "secret" not in said
        assert path not in said


class TestWhatIsKnown:
    def test_stands_in_every_line_while_it_lasts(self):
        assert "order_id" not in line("x")
        with context.about(order_id=17):
            context.bind(customer_id=5)
            found = line("x")
            assert (found["order_id"], found["customer_id"]) == (17, 5)
            assert OneLine().format(record("done")).endswith("done (order_id 17, customer_id 5)")
            with context.about(task="t"):
                context.bind(number_id=3)
                assert line("x")["task"] == "t"
            assert "number_id" not in line("x")
        assert "order_id" not in line("x")

    def test_is_not_bound_outside_of_any_work(self):
        context.bind(order_id=17)
        assert "order_id" not in line("x")

    def test_is_known_in_a_thread_that_got_a_copy(self):
        found = []
        with context.about(task_id="abc"):
            thread = threading.Thread(target=copy_context().run, args=(lambda: found.append(line("x")),))
            thread.start()
            thread.join()
        assert found[0]["task_id"] == "abc"
