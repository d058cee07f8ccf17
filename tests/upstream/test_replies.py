"""The vendor's printed examples parse as they stand, and what is not the contract is named."""

import contextlib
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream import replies
from upstream.replies import Malformed, decode, error_of, tidy

SERVICES = b"""{
"services": [
{"service": 1, "name": "Instagram Followers", "type": "Default", "category": "Instagram", "rate": "0.50",
"min": 100, "max": 10000, "refill": true, "cancel": false, "stock": 10000, "entityType": "smm", "autoDelivery": true},
{"service": 2, "name": "Gmail Account - USA", "type": "Default", "category": "Accounts-Email", "rate": "25.00",
"min": 1, "max": 50, "refill": false, "cancel": false, "stock": 50, "entityType": "product", "autoDelivery": true}
], "total": 150, "page": 1, "limit": 50, "total_pages": 3}"""


class TestPrintedExamples:
    def test_categories(self):
        body = b"""{"categories": [{"category": "Instagram", "subcategories": ["Followers", "Comments", "Likes"]},
        {"category": "Email Accounts", "subcategories": ["Gmail", "Outlook"]}]}"""
        first, second = replies.categories(body)
        assert first.subcategories == ["Followers", "Comments", "Likes"]
        assert second.category == "Email Accounts"

    def test_services(self):
        answer = replies.services(SERVICES)
        smm, product = answer.good
        assert (smm.rate, smm.min, smm.max, smm.entity_type) == (Decimal("0.50"), 100, 10000, "smm")
        assert (product.category, product.stock, product.auto_delivery) == ("Accounts-Email", 50, True)
        assert answer.skipped == []

    def test_inventory(self):
        body = b'{"service": 23501, "stock": 42, "available": true, "entityType": "product", "autoDelivery": true}'
        assert decode(body, replies.Inventory) == replies.Inventory(service=23501, stock=42, available=True)

    def test_add(self):
        assert decode(b'{"order": 23501}', replies.Added).order == 23501

    def test_status_of_a_service(self):
        body = b"""{"status": "In progress", "charge": "5.00", "start_count": 1000, "remains": 500,
        "currency": "USD", "autoDelivery": true}"""
        status = decode(body, replies.Status)
        assert (status.status, status.charge, status.remains, status.accounts) == (
            "In progress",
            Decimal("5.00"),
            500,
            None,
        )

    def test_status_of_a_product(self):
        body = b"""{"status": "Completed", "charge": "10.00", "start_count": 5, "remains": 0, "currency": "USD",
        "entityType": "product", "autoDelivery": true, "accounts": ["user1:pass1", "user2:pass2"]}"""
        assert decode(body, replies.Status).accounts == ["user1:pass1", "user2:pass2"]

    def test_balance(self):
        assert decode(b'{"balance": "100.00", "currency": "USD"}', replies.Balance).balance == Decimal(100)

    def test_sms_projects(self):
        body = b"""[{"project_id": "65f...", "name": "OpenAI / ChatGPT", "price": "0.5000", "country_id": "us",
        "country_title": "United States"}]"""
        assert decode(body, list[replies.SmsProject])[0].price == Decimal("0.5")

    def test_sms_countries(self):
        body = b"""[{"country_code": "us", "country_name": "United States"},
        {"country_code": "gb", "country_name": "United Kingdom"}]"""
        assert [country.country_code for country in decode(body, list[replies.SmsCountry])] == ["us", "gb"]

    def test_add_sms(self):
        body = b'{"orders": [{"order": 12345, "phone": "+1234567890", "country": "us", "status": "active"}]}'
        assert replies.sms_orders(body)[0].phone == "+1234567890"

    def test_sms_code(self):
        body = b'{"status": "completed", "code": "123456", "sms_content": "Your verification code is 123456"}'
        assert decode(body, replies.SmsCode).code == "123456"
        assert decode(b'{"status": "waiting", "message": "Waiting for code"}', replies.SmsCode).code is None

    def test_sms_status(self):
        body = b"""{"status": "code_received", "phone": "+1234567890", "code": "123456", "charge": "0.5000",
        "currency": "USD", "expires_at": "2023-01-01T12:00:00.000Z"}"""
        status = decode(body, replies.SmsStatus)
        assert status.expires_at.year == 2023
        assert status.expires_at.tzinfo is not None

    @pytest.mark.parametrize(
        "words",
        [
            *("Invalid API key", "Invalid action", "Service ID is required"),
            *("Insufficient balance", "Order not found", "Service not found"),
        ],
    )
    def test_errors(self, words):
        assert error_of(json.dumps({"error": words}).encode()) == words


class TestWhatIsNotTheContract:
    @pytest.mark.parametrize(
        "body",
        [
            *(b"", b"null", b"[]", b"{", b"<html>", b'"order"', b'{"order": null}', b'{"order": "x"}'),
            *(
                b'{"order": 0}',
                b'{"order": -1}',
                b'{"order": 1.5}',
                b'{"order": true}',
                b'{"order": 99999999999999999999}',
            ),
            *(b'{"order": [1]}', b'\xff\xfe{"order": 1}', b"[" * 100_000),
        ],
    )
    def test_is_malformed(self, body):
        with pytest.raises(Malformed):
            decode(body, replies.Added)

    @pytest.mark.parametrize(
        "change",
        [
            *({"rate": "NaN"}, {"rate": "Infinity"}, {"rate": "-1"}, {"rate": "0"}, {"rate": "1e99"}, {"rate": None}),
            *({"rate": "0,50"}, {"service": None}, {"service": 0}, {"min": -1}, {"min": 5000, "max": 100}, {"max": 0}),
            *({"name": ""}, {"name": None}, {"name": "x" * 1001}, {"entityType": "other"}, {"stock": -1}),
            *({"min": 10.5}, {"refill": "maybe"}),
        ],
    )
    def test_one_bad_row_is_skipped_and_named_and_the_others_stay(self, change):
        answer = json.loads(SERVICES)
        answer["services"][0] |= change
        found = replies.services(json.dumps(answer).encode())
        assert [service.service for service in found.good] == [2]
        assert len(found.skipped) == 1
        assert "row 0" in found.skipped[0].why
        assert found.skipped[0].id == (None if "service" in change else 1)
        good, bad = replies.read_services(dict(enumerate(replies.service_rows(json.dumps(answer).encode()))))
        assert (list(good.items()), list(bad.items())) == ([(1, found.good[0])], [(0, found.skipped[0])])

    def test_rows_are_read_by_their_places(self):
        rows = dict(enumerate(replies.service_rows(SERVICES)))
        assert replies.read_services({7: rows[1]}) == ({7: replies.services(SERVICES).good[1]}, {})
        assert replies.read_services({}) == ({}, {})

    @given(st.lists(st.binary(max_size=30) | st.sampled_from([b'{"service": 1', b"]", b"[", b"},{", b'"']), max_size=6))
    def test_what_is_no_row_of_an_answer_is_a_bad_one_or_no_answer(self, pieces):
        with contextlib.suppress(Malformed):
            rows = replies.service_rows(b'{"services": [%b]}' % b",".join(pieces))
            good, bad = replies.read_services(dict(enumerate(rows)))
            assert good.keys() | bad.keys() == set(range(len(rows)))

    def test_an_odd_charge_does_not_hide_the_rest_of_a_status(self):
        status = decode(b'{"status": "Partial", "charge": "-5", "remains": -7}', replies.Status)
        assert (status.charge, status.remains) == (None, -7)

    @given(st.binary(max_size=200))
    def test_no_bytes_break_the_reading(self, body):
        for kind in (replies.Added, replies.Status, replies.Balance, list[replies.SmsProject]):
            with contextlib.suppress(Malformed):
                decode(body, kind)
        error_of(body)


@pytest.mark.parametrize("body", [b'{"error": null, "order": 1}', b'{"error": ""}', b'{"error": false}', b"[]", b"{}"])
def test_an_empty_error_is_none(body):
    assert error_of(body) is None


def test_an_error_that_is_no_text_is_shown_as_it_is():
    assert error_of(b'{"error": {"code": 5}}') == '{"code":5}'


def test_tidy_is_one_line_without_control_characters():
    assert tidy("  a\x00b\nc\td\u200be ") == "a b c d e"


def test_numbers_as_text_and_text_as_numbers():
    status = decode(b'{"status": "x", "charge": 5, "start_count": "3572", "remains": "157"}', replies.Status)
    assert (status.charge, status.start_count, status.remains) == (Decimal(5), 3572, 157)
