"""No file that the shop gives away runs in a spreadsheet, whatever stood in the text that it is made of."""

import ast
import csv
import io
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from openpyxl import load_workbook

from accounts.models import User
from books import count, profit
from books.exports import TABLES
from reseller.books import audit
from sms.models import Purchase
from tests.security import desk_things
from tests.security.conftest import browser
from tests.security.poison import poison
from wallet import ledger

pytestmark = pytest.mark.django_db

# Where files are made; whoever adds one adds its address below.
MAKERS = {"funds/admin.py", "orders/views_goods.py", "orders/views_list.py", "sms/views.py", "wallet/views.py"}
MAKERS |= {"books/admin.py", "privacy/archive.py"}
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def test_files_are_made_in_one_way_and_nowhere_else():
    found, own = set(), set()
    for path in Path(settings.BASE_DIR).rglob("*.py"):
        name = str(path.relative_to(settings.BASE_DIR))
        if name.startswith((".venv", "tests/", "bench/", "var/")):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module in ("core.sheets", "core.workbook"):
                found.add(name)
            if isinstance(node, ast.Import | ast.ImportFrom):
                modules = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
                if any(module == "csv" or module.startswith("openpyxl") for module in modules):
                    own.add(name)
    assert found == MAKERS
    # Reading is no danger: the mass order takes such files.
    assert own - {"orders/mass.py"} == {"core/sheets.py", "core/workbook.py", "privacy/archive.py"}


def runs(cell):
    """Whether a spreadsheet would run that cell of a CSV file: it begins so and is no number."""
    return cell.startswith(STARTS) and not cell[1:].replace(".", "", 1).isdigit()


def cells_of(answer):
    """All cells of a CSV file, a workbook or an archive of them, as (text, whether it runs)."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    kind = answer.headers["Content-Type"]
    if "zip" in kind:
        archive = zipfile.ZipFile(io.BytesIO(body))
        tables = [archive.read(name).decode("utf-8-sig") for name in archive.namelist() if name.endswith(".csv")]
    elif "sheet" in kind:
        rows = load_workbook(io.BytesIO(body)).active.iter_rows()
        return [(str(cell.value), cell.data_type == "f") for row in rows for cell in row if cell.value is not None]
    else:
        assert "text/csv" in kind
        tables = [body.decode("utf-8-sig")]
    rows = [row for table in tables for row in csv.reader(io.StringIO(table, newline=""))]
    return [(cell, runs(cell)) for row in rows for cell in row]


def files(shop):
    """Each file there is: name → its answer."""
    customer, operator = browser(shop.customer), browser(shop.operator)
    for name, arguments in [
        ("orders:export", []),
        ("orders:items_file", [shop.orders["GOODS"].pk, "csv"]),
        ("sms:history_csv", []),
        ("wallet:statement_csv", []),
    ]:
        yield name, customer.get(reverse(name, args=arguments))
    yield "privacy:copy", customer.post(reverse("privacy:copy"))
    days = {"since": f"{shop.now.date().replace(day=1)}", "until": f"{shop.now.date()}"}
    for form in ("csv", "xlsx"):
        for by in profit.GROUPS:
            yield (
                f"profit by {by}, {form}",
                operator.get(reverse("admin:books_profit"), {"by": by, "format": form, **days}),
            )
        yield f"month, {form}", operator.get(reverse("admin:books_month"), {"format": form})
        for what in TABLES:
            yield f"{what}, {form}", operator.get(reverse("admin:books_files"), {"what": what, "form": form, **days})


# By hand, since the address tells what it is of: a voucher's file has nothing in it but codes and amounts.
@pytest.mark.parametrize("start", ["=", "\t", "＝"])
def test_no_cell_of_any_file_runs(shop, start):
    desk_things.fill(shop)
    text = f"{start}HYPERLINK(1)"
    User.objects.filter(pk=shop.customer.pk).update(email=f"{text}@example.com", first_name=text)
    ledger.adjust(account=ledger.account_of(shop.customer), amount=1, key="cell", memo=text, now=shop.now)
    count.count(now=shop.now)
    poison(f'{start}HYPERLINK("http://evil.example","x")', f"{start}1+1|'x'!A1")
    assert Purchase.objects.filter(site_name__startswith=start).exists()
    wrong, quoted = {}, 0
    for name, answer in files(shop):
        assert answer.status_code == 200, name
        cells = cells_of(answer)
        assert cells, name
        quoted += sum(text.lstrip("'").startswith(start) for text, _runs in cells)
        if found := [text for text, runs in cells if runs]:
            wrong[name] = found[:3]
    assert wrong == {}
    # The text did get into the files.
    assert quoted > 30
    assert audit().problems == []
