"""The template tags of core/templatetags/shop.py."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django import forms
from django.template import engines
from django.test import RequestFactory
from django.utils import timezone

from core.templatetags import shop

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def draw(source: str, request=None, **context: object) -> str:
    return engines["django"].from_string(source).render(context, request)


@pytest.mark.parametrize(
    ("amount", "plain", "signed"),
    [
        (Decimal("1234.5"), "$1,234.50", "+$1,234.50"),
        (Decimal("-0.0027"), "−$0.0027", "−$0.0027"),
        (Decimal(0), "$0.00", "$0.00"),
        (None, "", ""),
    ],
)
def test_amounts(amount: Decimal | None, plain: str, signed: str):
    assert draw("{{ a|usd }}", a=amount) == plain
    assert draw("{{ a|signed_usd }}", a=amount) == signed


def test_micros_carry_an_amount_exactly():
    assert draw('data-price="{{ a|micros }}"', a=Decimal("2.700001")) == 'data-price="2700001"'


def test_a_unit_price_says_for_how_many():
    assert "$2.70 <" in draw("{% unit_price a 1000 %}", a=Decimal("2.7"))
    assert "per 1,000" in draw("{% unit_price a 1000 %}", a=Decimal("2.7"))
    assert "each" in draw("{% unit_price a 1 %}", a=Decimal("2.7"))


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=-30), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=29, hours=23), "29 days ago"),
        (timedelta(days=30), "2026-10-25"),
        (timedelta(days=-2), "2026-11-26"),
    ],
)
def test_how_long_ago(passed: timedelta, words: str):
    assert shop.ago(NOW - passed, NOW) == words


def test_a_timestamp_is_exact_in_the_readers_zone():
    moment = datetime(2026, 11, 23, 20, 30, 5, tzinfo=UTC)
    with time_machine.travel(NOW, tick=False), timezone.override("Asia/Shanghai"):
        element = draw("{% timestamp m %}", m=moment)
        exact = draw("{% timestamp m 'exact' %}", m=moment)

    assert 'datetime="2026-11-23T20:30:05+00:00"' in element
    assert 'title="2026-11-24 04:30:05 CST"' in element
    assert "data-relative>15 hours ago</time>" in element
    assert ">2026-11-24 04:30</time>" in exact
    assert draw("{% timestamp m %}", m=None) == ""


def test_a_status_is_a_pill_and_its_label_is_escaped():
    assert "tone-success" in draw("{% status 'COMPLETED' %}")
    assert "pill-live" in draw("{% status 'RUNNING' %}")
    assert "&lt;b&gt;" in draw("{% status code label %}", code="X", label="<b>")


def test_an_icon_is_inline_and_silent():
    drawn = draw("{% icon 'check' %}")

    assert drawn.startswith("<svg")
    assert 'aria-hidden="true"' in drawn


def test_a_column_sorts_one_way_then_the_other_and_keeps_the_filters():
    ask = RequestFactory().get("/?q=a%26b&page=3&sort=price")

    header = draw('{% sort_header "price" "Price" %}', ask)
    other = draw('{% sort_header "name" "Name" default="name" %}', ask)

    assert 'aria-sort="ascending"' in header
    assert 'href="?q=a%26b&amp;sort=-price"' in header
    assert "aria-sort" not in other
    assert 'href="?q=a%26b&amp;sort=name"' in other


class Example(forms.Form):
    link = forms.CharField(help_text="Public.")
    note = forms.CharField(widget=forms.Textarea, required=False)
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    agreed = forms.BooleanField()


def test_a_field_ties_label_hint_and_error_to_its_control():
    drawn = draw("{% field f.link data_quantity=True %}", f=Example({"link": ""}))

    assert '<label class="label" for="id_link">Link</label>' in drawn
    assert 'aria-describedby="id_link_error id_link_helptext"' in drawn
    assert 'id="id_link_error"' in drawn
    assert 'id="id_link_helptext"' in drawn
    assert 'aria-invalid="true"' in drawn
    assert " data-quantity " in drawn


def test_a_hint_given_in_the_page_overrules_the_forms():
    drawn = draw('{% field f.link hint="Other." label="Where" %}', f=Example())

    assert "Other." in drawn
    assert "Public." not in drawn
    assert ">Where</label>" in drawn


def test_every_kind_of_control_has_a_name():
    form = Example()

    assert "<fieldset" in draw("{% field f.kind %}", f=form)
    assert '<legend class="label">Kind</legend>' in draw("{% field f.kind %}", f=form)
    assert "optional" in draw("{% field f.note %}", f=form)
    assert 'class="textarea"' in draw("{% field f.note %}", f=form)
    assert '<label class="check"><input' in draw("{% field f.agreed %}", f=form)


def test_what_was_typed_stays_and_stays_text():
    drawn = draw("{% field f.link %}", f=Example({"link": '"><script>'}))

    assert "<script>" not in drawn
    assert "&quot;&gt;&lt;script&gt;" in drawn
