"""A CSV file does not run what somebody wrote into it."""

import csv
import io

import pytest

from core.sheets import cell, csv_response


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://evil","x")',
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "=cmd|' /C calc'!A0",
        "＝1+1",
    ],
)
def test_a_formula_becomes_text(text):
    assert cell(text).startswith("'")


@pytest.mark.parametrize("text", ["-5", "+5.25", "-0.000001", "plain", "a=b", "", "12"])
def test_plain_text_and_numbers_stay(text):
    assert cell(text) == text


def test_a_file_streams_quoted_rows_that_spreadsheets_read_as_utf8():
    response = csv_response("x.csv", ["a", "b"], iter([["=1", 'say "hi", you'], [None, "中文"]]))
    body = b"".join(response.streaming_content).decode()
    assert body.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(body.lstrip("\ufeff")))) == [["a", "b"], ["'=1", 'say "hi", you'], ["", "中文"]]
    assert response["Cache-Control"] == "no-store"
