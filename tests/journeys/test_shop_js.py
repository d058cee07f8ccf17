"""What static/js/shop.js counts has to be what the server charges; only a real browser can say."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from core import money

pytestmark = pytest.mark.journey

FORM = """
<form data-order-total data-price="{price}" data-per="{per}" data-balance="50000000">
  <input data-quantity value="{quantity}">
  <output data-total="charge"></output><output data-total="after"></output>
  <p data-total-short hidden>Too little.</p>
</form>
"""


@pytest.mark.parametrize(
    ("price", "per", "quantity"),
    [
        ("2.7", 1000, 1),
        ("2.7", 1000, 1001),
        ("0.0027", 1000, 1),
        ("0.000001", 1000, 999),
        ("0.35", 1, 3),
        ("0.1", 1, 3),
        ("1.1", 1000, 999_999_999_999),
        ("123456.789012", 1000, 7),
        ("50", 1, 1),
        ("50.0001", 1, 1),
    ],
)
def test_the_live_total_is_the_charge_to_the_last_digit(page: Any, price: str, per: int, quantity: int):
    rate = Decimal(price)
    charge = money.round_up(money.EXACT.divide(rate * quantity, Decimal(per)), money.CHARGE_STEP)
    page.set_content(FORM.format(price=money.to_micros(rate), per=per, quantity=quantity))

    page.add_script_tag(path=Path(settings.BASE_DIR, "static/js/shop.js"))

    assert page.text_content("[data-total=charge]") == money.show(charge)
    assert page.text_content("[data-total=after]") == money.show(Decimal(50) - charge)
    assert page.locator("[data-total-short]").is_hidden() == (charge <= 50)


@pytest.mark.parametrize("typed", ["", "abc", "-5", "1.5", "1e3", "9" * 20])
def test_what_is_no_quantity_has_no_total(page: Any, typed: str):
    page.set_content(FORM.format(price=2_700_000, per=1000, quantity=typed))

    page.add_script_tag(path=Path(settings.BASE_DIR, "static/js/shop.js"))

    assert page.text_content("[data-total=charge]") == "–"
