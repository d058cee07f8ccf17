"""CSV files that a spreadsheet can open without running what customers or the vendor wrote."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse

# What makes Excel and its kin read a cell as a formula; a plain number is none.
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?\Z", re.ASCII)


def cell(value: object) -> str:
    """The value as text, with an apostrophe before what would be run."""
    text = "" if value is None else str(value)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.match(text) else text


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_response(name: str, header: Sequence[object], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """A download `name` that streams row by row; it starts with a byte-order mark, by which Excel knows UTF-8."""
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield "\ufeff" + writer.writerow([cell(value) for value in header])
        for row in rows:
            yield writer.writerow([cell(value) for value in row])

    return download(name, lines(), "text/csv; charset=utf-8")


def download(name: str, lines: Iterable[str], content_type: str) -> StreamingHttpResponse:
    """A file that no cache keeps."""
    response = StreamingHttpResponse(lines, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
