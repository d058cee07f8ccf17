"""What is sent in a body: too much is refused before it is read, wherever it is sent to; files are what they are."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory
from django.urls import reverse

from funds.models import Proof
from reseller.too_large import FILES, OWN_WORDS, too_large
from tests.security.conftest import browser, everything
from tests.security.table import addresses, desk

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
# A form with a file in it, as long as its sender says; nothing of it is there.
HUGE = {"content_type": "multipart/form-data; boundary=x", "CONTENT_LENGTH": str(50 * 1024 * 1024)}


class Unread(io.BytesIO):
    """A body that must not be looked at."""

    def read(self, *_args):
        raise AssertionError("the body was read")

    readline = read


def test_every_address_refuses_a_huge_body_without_reading_it(shop):
    before = everything()
    seen = browser(shop.operator)
    table = {name: path for name, path in addresses().items() if not name.startswith("admin:")}
    table |= {name: paths[0] for name, paths in desk().items()}
    assert OWN_WORDS | set(FILES) <= set(table)
    other = {}
    for name, path in table.items():
        answer = seen.post(path, data=b"", **{**HUGE, "wsgi.input": Unread()})
        if answer.status_code != 413:
            other[name] = (answer.status_code, answer.content)
    # Programs get the refusal in their own form, and who watches is answered before anything is looked at.
    assert set(other) == (OWN_WORDS - {"orders:mass"}) | {"healthz", "metrics"}
    assert b'"error"' in other["api:v2"][1]
    assert everything() == before


def test_the_page_says_so_in_words(shop):
    answer = browser(shop.customer).post(reverse("desk:new"), data=b"", headers={"Accept-Language": "zh-hans"}, **HUGE)
    assert answer.status_code == 413
    assert "内容超出本店可接收的大小" in answer.content.decode()
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def passes(length, path="/help/new/"):
    request = RequestFactory().post(path, data=b"", content_type="multipart/form-data; boundary=x")
    request.META["CONTENT_LENGTH"] = length
    return too_large(lambda _request: "passed")(request) == "passed"


def test_the_limit_is_the_settings_to_the_byte(settings):
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert passes(str(most))
    assert not passes(str(most + 1))
    assert not passes("9" * 40)
    assert passes("")
    proof = reverse("funds:hand_in", args=["00000000-0000-4000-8000-000000000000"])
    assert passes(str(FILES["funds:hand_in"]), proof)
    assert not passes(str(FILES["funds:hand_in"] + 1), proof)
    assert not passes(str(most + 1), "/nowhere")


NAMES = [
    *("../../../etc/passwd", "..\\..\\x.png", "a\r\nX-Evil: 1.png", "a\0.png", '";x=1;a=".png', "x" * 5000 + ".png"),
    *("=cmd|' /C calc'!A1.png", "<img src=x onerror=alert(1)>.png", "\u202egnp.exe", ".htaccess", "a.png;.html", ""),
]


def test_a_hostile_file_name_is_a_text_and_nothing_else(shop):
    token, kept = shop.top_ups["CHECKING"].token, 0
    for name in NAMES:
        Proof.objects.all().delete()
        file = SimpleUploadedFile("x.png", PNG + name.encode(), content_type="text/html")
        file._name = name
        browser(shop.customer).post(reverse("funds:hand_in", args=[token]), {"reference": "x", "proof": file})
        # A file without a name is none; what a form can't carry ends its part.
        for proof in Proof.objects.all():
            assert len(proof.name) <= 120, name
            assert proof.name.isprintable(), name
            assert not set(proof.name) & set("/\\"), name
            for who in (shop.customer, shop.operator):
                answer = browser(who).get(reverse("funds:proof", args=[proof.pk]))
                assert answer.headers["Content-Type"] == "image/png"
                assert answer.headers["Content-Disposition"] == f'inline; filename="proof-{proof.pk}.png"'
                assert "X-Evil" not in answer.headers
        kept += Proof.objects.count()
    # The others are no part of a form.
    assert kept >= len(NAMES) - 3


FAKES = {
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a drawing with a script": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "a program": b"MZ\x90\0" + b"\0" * 64,
    "an archive": b"PK\x03\x04" + b"\0" * 64,
    "a page behind a picture's name": b"\n\x89PNG\r\n\x1a\n<script>",
    "nothing": b"",
}


def test_a_proof_is_known_by_what_it_is(shop):
    before = Proof.objects.count()
    path = reverse("funds:hand_in", args=[shop.top_ups["CHECKING"].token])
    for what, content in FAKES.items():
        file = SimpleUploadedFile("proof.png", content, content_type="image/png")
        assert browser(shop.customer).post(path, {"reference": "", "proof": file}).status_code in (302, 422), what
        assert Proof.objects.count() == before, what


def test_a_picture_with_a_page_behind_it_stays_a_picture(shop):
    """The first bytes are a picture's, the rest is a page: no browser may take it for one."""
    Proof.objects.all().delete()
    file = SimpleUploadedFile("a.html", PNG + b"<html><script>alert(1)</script>", content_type="text/html")
    browser(shop.customer).post(
        reverse("funds:hand_in", args=[shop.top_ups["CHECKING"].token]), {"reference": "x", "proof": file}
    )
    answer = browser(shop.customer).get(reverse("funds:proof", args=[Proof.objects.get().pk]))
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
