"""XLSX files: what customers or the vendor wrote is text in them, and amounts are numbers that add up."""

import tempfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import FileResponse

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Rows that a spreadsheet still opens in good time; more of them belong into a CSV file.
MOST_ROWS = 100_000
_AMOUNT = "#,##0.00####"
# What a cell of the format takes at most.
_LONGEST = 32_767


def xlsx_response(name: str, header: Sequence[object], rows: Iterable[Sequence[object]]) -> FileResponse:
    """A download `name` of one sheet, at most `MOST_ROWS` rows; written to a file on the way, row by row."""
    # A twelfth of the start of each of the shop's processes, of which hardly one makes such a file.
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    sheet.append([_cell(sheet, value, bold=True) for value in header])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    book.save(file)
    file.seek(0)
    response = FileResponse(file, as_attachment=True, filename=name, content_type=TYPE)
    response["Cache-Control"] = "no-store"
    return response


def _cell(sheet: Any, value: object, *, bold: bool = False) -> Any:
    """A cell that is never a formula, whatever its text begins with."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font

    if value is None:
        return None
    if isinstance(value, (int, Decimal)):
        cell = WriteOnlyCell(sheet, value)
        if isinstance(value, Decimal):
            cell.number_format = _AMOUNT
        return cell
    if isinstance(value, datetime):
        # The format knows no time zones.
        value = value.isoformat(timespec="seconds")
    elif isinstance(value, date):
        value = value.isoformat()
    text = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", str(value))[:_LONGEST]
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell
