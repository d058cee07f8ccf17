"""The frame of every page: errors, theme, what a strict Content-Security-Policy asks of templates."""

import re
from http import HTTPStatus
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template, render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import User

TEMPLATES = sorted(Path(settings.BASE_DIR, "templates").rglob("*.html"))


@pytest.mark.django_db
def test_an_address_without_a_page_gets_the_shops_own_404(client: Client):
    response = client.get("/no/such/page")

    assert response.status_code == HTTPStatus.NOT_FOUND
    assert "There is nothing at this address" in response.content.decode()


@pytest.mark.django_db
def test_a_form_without_its_token_gets_the_shops_own_403():
    client = Client(enforce_csrf_checks=True)

    response = client.post(reverse("account_login"), {"login": "a@example.com", "password": "x"})

    assert response.status_code == HTTPStatus.FORBIDDEN
    assert "open for too long" in response.content.decode()


@pytest.mark.parametrize("name", ["400.html", "500.html"])
def test_a_broken_shop_still_has_a_page(name: str, settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }

    page = get_template(name).render()

    assert settings.SHOP_NAME in page
    assert 'href="/static/css/components.css"' in page
    assert Path(settings.BASE_DIR, "static/css/components.css").is_file()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["403.html", "429.html", "503.html"])
def test_the_other_error_pages_are_in_the_shops_frame(name: str, rf: RequestFactory, customer: User):
    request = rf.get("/")
    request.user = customer

    assert '<main class="page" id="main"' in render_to_string(name, request=request)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("cookie", "attribute"),
    [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"'), ('"><script>', None), ("", None)],
)
def test_the_chosen_theme_is_there_from_the_first_byte(client: Client, cookie: str, attribute: str | None):
    client.cookies["theme"] = cookie

    (tag,) = re.findall(r"<html[^>]*>", client.get(reverse("account_login")).content.decode())

    assert ("data-theme" in tag) == (attribute is not None)
    assert attribute is None or attribute in tag


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_script_or_style_that_the_policy_would_block(template: Path):
    text = template.read_text(encoding="utf-8")

    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=|javascript:|\shx-on", text)
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text), "nothing from another host"
    assert "|safe" not in text
    assert "autoescape off" not in text
