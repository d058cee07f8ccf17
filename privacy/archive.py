"""A ZIP file that is made while it is sent: at no moment more of it is in memory than a few kilobytes."""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime

from core.sheets import cell
from privacy.collect import Row, Table

# Bytes that are gathered before they are handed on.
PIECE = 64 * 1024


class _Pipe(io.RawIOBase):
    """What the archive writes into and the response reads from; it can't be rewound."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self.waiting = 0

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        piece = bytes(data)
        self._pieces.append(piece)
        self.waiting += len(piece)
        return len(piece)

    def take(self) -> bytes:
        """What came since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        self.waiting = 0
        return taken


def stream(tables: Iterable[Table], *, readme: str, now: datetime) -> Iterator[bytes]:
    """The archive's bytes: `readme.txt`, and each table twice, for programs (JSON) and for spreadsheets (CSV)."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        yield from _entry(archive, pipe, "readme.txt", [readme], now)
        for table in tables:
            yield from _entry(archive, pipe, f"{table.name}.json", _json(table), now)
            yield from _entry(archive, pipe, f"{table.name}.csv", _csv(table), now)
    yield pipe.take()


def _entry(archive: zipfile.ZipFile, pipe: _Pipe, name: str, lines: Iterable[str], now: datetime) -> Iterator[bytes]:
    info = zipfile.ZipInfo(name, date_time=now.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    with archive.open(info, "w") as entry:
        for line in lines:
            entry.write(line.encode())
            if pipe.waiting >= PIECE:
                yield pipe.take()


def _json(table: Table) -> Iterator[str]:
    """An array with an object for each row, one a line."""
    yield "["
    between = "\n"
    for row in table.rows():
        yield between + json.dumps(dict(zip(table.columns, row, strict=True)), ensure_ascii=False)
        between = ",\n"
    yield "\n]\n"


def _csv(table: Table) -> Iterator[str]:
    """With a byte-order mark, by which Excel knows UTF-8; what a spreadsheet would run is defused."""
    yield "\ufeff" + _line(list(table.columns))
    for row in table.rows():
        yield _line(row)


def _line(row: Row) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([cell(value) for value in row])
    return text.getvalue()
