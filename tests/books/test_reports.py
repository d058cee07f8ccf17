"""Reports and files say what the counted days say, to the micro, and run nothing that anybody wrote."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import User
from books import profit
from books.count import count
from books.models import Day
from catalog.models import Service
from core.models import StaffAct
from core.money import parse
from core.workbook import xlsx_response
from reseller.dashboard_money import HEIGHT, chart
from tests.books.test_count import BEGAN, project_of, sell, sell_number, service_of
from wallet import ledger

DAYS = f"since={BEGAN:%Y-%m-%d}&until={BEGAN:%Y-%m-%d}"
PROFIT = "/admin/books/day/profit/"
HOSTILE = '=HYPERLINK("http://evil.example","<b>x</b>")'


@pytest.fixture
def desk(operator):
    """The operator's browser."""
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def sold(customer):
    """Two orders, one of them paid back in part, and a number; counted."""
    service = service_of(1)
    first = sell(customer, service, at=BEGAN, charged=Decimal("0.444444"))
    sell(customer, service_of(2), at=BEGAN, quantity=7)
    sell_number(customer, project_of(), at=BEGAN)
    ledger.refund(hold=first.hold, amount=Decimal("0.123456"), key="r", now=BEGAN)
    Service.objects.filter(pk=service.pk).update(name=HOSTILE)
    count(now=BEGAN)
    return service


def question(by):
    return profit.Question(by=by, since=BEGAN.date(), until=BEGAN.date(), sort="-margin")


@pytest.mark.django_db
def test_the_lines_of_every_report_come_to_its_total_and_to_the_day(sold):
    day = Day.objects.get(day=BEGAN.date())
    assert (day.sales, day.refunds) == (Decimal("1.2563"), Decimal("0.123456"))
    for by in ("day", "service", "category", "customer"):
        lines, total = list(profit.all_lines(question(by))), profit.total(question(by))
        for name in ("sold", "sales", "refunds", "revenue", "cost", "margin"):
            assert sum(getattr(line, name) for line in lines) == getattr(total, name)
        assert (total.sold, total.revenue, total.margin) == (3, day.revenue, day.margin)
    countries = list(profit.all_lines(question("country")))
    assert [(line.what, line.sales, line.cost) for line in countries] == [
        ("United States", Decimal("0.35"), Decimal("0.2"))
    ]
    margins = [line.margin for line in profit.all_lines(question("service"))]
    assert margins == sorted(margins, reverse=True)
    only = replace(question("day"), service=sold)
    assert profit.total(only).sales == Decimal("0.9")


@pytest.mark.django_db
def test_a_file_of_the_report_has_the_same_figures_and_no_formula(desk, sold):
    text = b"".join(desk.get(f"{PROFIT}?by=service&{DAYS}&format=csv").streaming_content).decode()
    rows = [line.split(",") for line in text.splitlines()]
    assert "'=HYPERLINK" in text
    assert rows[-1][0] == "Total"
    day = Day.objects.get(day=BEGAN.date())
    assert parse(rows[-1][-1]) == day.margin
    book = b"".join(desk.get(f"{PROFIT}?by=service&{DAYS}&format=xlsx").streaming_content)
    sheet = load_workbook(BytesIO(book)).active
    cells = {row[0].value: row for row in sheet.iter_rows(min_row=2)}
    assert cells[HOSTILE][0].data_type == "s"
    assert Decimal(str(cells["Total"][-1].value)) == day.margin
    page = desk.get(f"{PROFIT}?by=service&{DAYS}").content.decode()
    assert "<b>x</b>" not in page
    assert "=HYPERLINK(" in page


@pytest.mark.django_db
def test_a_question_that_makes_no_sense_is_told_beside_its_field(desk, sold):
    page = desk.get(
        f"{PROFIT}?by=customer&kind=SMM&since=2025-02-30&until=&customer=nobody@example.com"
    ).content.decode()
    for said in (
        "Enter a valid date.",
        "This field is required.",
        "There is no customer with this address or number.",
        "leave this out.",
        'value="nobody@example.com"',
    ):
        assert said in page
    assert "Total" not in page


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["transfers", "orders", "numbers", "top-ups", "customers"])
def test_every_table_can_be_taken_away(desk, sold, what):
    today = timezone.localdate()
    days = f"since={BEGAN:%Y-%m-%d}&until={today}"
    text = b"".join(desk.get(f"/admin/books/day/files/?what={what}&form=csv&{days}").streaming_content).decode()
    expected = {"transfers": 5, "orders": 2, "numbers": 1, "top-ups": 0, "customers": 1}
    assert len(text.splitlines()) == 1 + expected[what]


@pytest.mark.django_db
def test_whoever_takes_a_file_of_a_report_is_in_the_record(desk, sold, operator):
    for page in (f"profit/?by=customer&{DAYS}&", f"month/?month={BEGAN:%Y-%m}&"):
        assert desk.get(f"/admin/books/day/{page}").status_code == 200
        assert "attachment" in desk.get(f"/admin/books/day/{page}format=csv")["Content-Disposition"]
    days = f"{BEGAN:%Y-%m-%d}"
    told = [(act.actor, act.said) for act in StaffAct.objects.order_by("pk")]
    assert told == [
        (operator, f"Took the file “profit-by-customer-{days}-{days}”."),
        (operator, f"Took the file “month-{BEGAN:%Y-%m}”."),
    ]


@pytest.mark.django_db
def test_files_and_reports_need_the_right_to_see_them(customer, db):
    helper = User.objects.create_user("helper@example.com", is_staff=True)
    client = Client()
    client.force_login(helper)
    for page in ("profit", "month", "files"):
        assert client.get(f"/admin/books/day/{page}/").status_code == 403
    from django.contrib.auth.models import Permission

    helper.user_permissions.add(Permission.objects.get(codename="view_day"))
    answer = client.get(f"/admin/books/day/files/?what=customers&form=csv&{DAYS}")
    assert "Select a valid choice" in answer.content.decode()


def test_what_is_no_text_of_a_sheet_is_replaced():
    book = b"".join(xlsx_response("a.xlsx", ["+1"], [["\x00@SUM(1)", Decimal("0.000001"), None]]).streaming_content)
    cells = [cell.value for row in load_workbook(BytesIO(book)).active.iter_rows() for cell in row]
    assert cells[:1] == ["+1"]
    assert "�@SUM(1)" in cells
    assert 0.000001 in cells


def test_the_chart_keeps_its_scale_when_a_day_lost_money():
    days = [
        Day(day=BEGAN.date(), sales=Decimal(30), cost=Decimal(20)),
        Day(day=BEGAN.date() + timedelta(days=1), sales=Decimal(5), cost=Decimal(15)),
    ]
    bars, highest, lowest = chart(days)
    assert (highest, lowest) == (Decimal(30), Decimal(-10))
    zero = HEIGHT * 30 / 40
    assert [bar.revenue_y + bar.revenue_height for bar in bars] == [zero, zero]
    assert bars[1].below
    assert (bars[1].margin_y, bars[1].margin_height) == (zero, HEIGHT - zero)
    assert chart([Day(day=BEGAN.date())])[1:] == (0, 0)
