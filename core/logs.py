"""Log lines that stay one line, and tell no secret: what came from outside can't forge another."""

import logging
import time

from core.hidden import hide


class OneLine(logging.Formatter):
    """`12:00:00 WARNING orders.submit message`, without control characters and secrets; tracebacks keep their lines."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s %(message)s", "%H:%M:%S")
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        return hide(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:
        line = super().formatMessage(record)
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
