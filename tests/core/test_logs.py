"""A log line stays one line, whatever the vendor or a customer wrote."""

import logging

from core.logs import OneLine


def test_control_characters_are_escaped():
    record = logging.LogRecord(
        "x", logging.WARNING, __file__, 1, "name %s", ("a\n12:00:00 ERROR forged\x1b[31m",), None
    )
    line = OneLine().format(record)
    assert "\n" not in line
    assert "\x1b" not in line
    assert "\\n12:00:00 ERROR forged" in line
