"""The operator's accent colour: readable whatever it is."""

from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from reseller import brand

AA = 4.5
PART = st.integers(0, 255)


@given(st.tuples(PART, PART, PART))
def test_every_colour_gives_text_that_can_be_read_in_both_themes(colour: tuple[int, int, int]):
    for theme, tokens in brand.shades(colour).items():
        found = {name: brand.read(value) for name, value in tokens.items()}
        ink = found["accent-ink"]
        for ground in (brand.GROUND[theme], brand.SURFACE[theme], found["accent-soft"]):
            assert brand.contrast(ink, ground) >= AA
        assert brand.contrast(found["on-accent"], found["accent"]) >= AA
        assert brand.contrast(found["on-accent"], found["accent-hover"]) >= AA
        assert brand.contrast(found["accent"], brand.SURFACE[theme]) >= 1.5


def test_contrast_is_that_of_wcag():
    assert round(brand.contrast((0, 0, 0), (255, 255, 255)), 2) == 21
    assert round(brand.contrast((119, 119, 119), (255, 255, 255)), 2) == 4.48


@pytest.mark.parametrize("colour", ["", "red", "#12", "#1234567", "#12345g", "#fff;}body{", "#fff\n"])
def test_what_is_no_colour_is_no_style_sheet(client: Client, settings, db, colour: str):
    settings.SHOP_ACCENT = colour
    expected = HTTPStatus.OK if colour.strip() == "#fff" else HTTPStatus.NOT_FOUND

    assert client.get(reverse("brand")).status_code == expected


def test_pages_link_to_the_accent_and_a_new_colour_is_a_new_address(client: Client, settings, db):
    assert "brand.css" not in client.get(reverse("account_login")).content.decode()

    settings.SHOP_ACCENT = "#0a7"
    page = client.get(reverse("account_login")).content.decode()
    sheet = client.get(reverse("brand"))

    assert f'href="{reverse("brand")}?v=%230a7"' in page
    assert sheet["Content-Type"].startswith("text/css")
    assert "max-age" in sheet["Cache-Control"]
    assert "--accent: light-dark(#00aa77, #00aa77);" in sheet.content.decode()
