"""A live shop's web server: TLS, cookies, proxies, hosts, and an admin that is not where robots look for it."""

import os
import re
import subprocess
import sys

import pytest
import requests
from django.conf import settings

from reseller.models import FirstRun
from tests.house import House
from tests.lived_in import people
from tests.reseller.test_settings import LIVE, check
from tests.security.table import addresses

HIDDEN = "back-office"


@pytest.fixture
def live(transactional_db, _nothing_cached, broker, tmp_path):
    """`live(BEHIND_PROXY="1")`: a web server with the settings of a live shop."""
    houses = []

    def live(**environment):
        home = tmp_path / str(len(houses))
        home.mkdir()
        live = {"HTTPS": "1", "ADMIN_PATH": HIDDEN, "CSRF_TRUSTED_ORIGINS": "https://127.0.0.1", **environment}
        house = House(home=home, upstream_url="http://127.0.0.1:9", upstream_key="test-key", environment=live)
        houses.append(house)
        house.serve()
        return house

    yield live
    for house in houses:
        house.stop()


def ask(house, path, user=None, **headers):
    cookies = {"sessionid": people.session_of(user, proved=True)} if user else {}
    return requests.get(f"{house.url}{path}", headers=headers, cookies=cookies, allow_redirects=False, timeout=20)


TLS = {"X-Forwarded-Proto": "https"}


def test_behind_a_proxy_that_speaks_tls(live, now):
    house = live(BEHIND_PROXY="1")
    plain = ask(house, "/services/")
    assert plain.status_code == 301
    assert plain.headers["Location"].startswith("https://127.0.0.1")
    answer = ask(house, "/accounts/login/", **TLS)
    assert answer.status_code == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    for name, value in [
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ]:
        assert answer.headers[name] == value, name
    cookie = answer.headers["Set-Cookie"]
    assert "csrftoken=" in cookie
    assert "Secure" in cookie
    assert "SameSite=Lax" in cookie
    # The operator's pages, where they are now, and every link among them.
    operator = people.person("operator@example.com", is_staff=True, is_superuser=True)
    FirstRun.objects.create(done_at=now)
    led = ask(house, f"/{HIDDEN}/", **TLS)
    assert led.headers["Location"] == f"/{HIDDEN}/login/?next=/{HIDDEN}/"
    assert ask(house, led.headers["Location"], **TLS).headers["Location"].startswith("/accounts/login/?next=")
    page = ask(house, f"/{HIDDEN}/", operator, **TLS)
    assert page.status_code == 200
    assert "'unsafe-eval'" in page.headers["Content-Security-Policy"]
    links = set(re.findall(r'href="(/[^"#?]*)', page.text))
    ours = {link for link in links if link.startswith(f"/{HIDDEN}/")}
    assert len(ours) > 50
    assert not {link for link in links if link.startswith("/admin")}
    broken = {link: code for link in sorted(ours) if (code := ask(house, link, operator, **TLS).status_code) >= 400}
    assert broken == {}
    for old in ("/admin/", "/admin", "/admin/login/", "/admin/first-run/", "/admin/orders/order/"):
        for who in (operator, None):
            assert ask(house, old, who, **TLS).status_code == 404, old


def test_nobody_is_believed_without_a_proxy(live, db):
    house = live(BEHIND_PROXY="0", ALLOWED_HOSTS="127.0.0.1")
    for told in ({}, TLS, {"X-Forwarded-Ssl": "on"}, {"Forwarded": "proto=https"}, {"X-Forwarded-Scheme": "https"}):
        assert ask(house, "/services/", **told).status_code == 301, told
    answer = ask(house, "/services/", **{"X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "666"})
    assert answer.headers["Location"].startswith(f"https://127.0.0.1:{house.port}/")
    for host in ("evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "evil.example:80", "[::1"):
        answer = ask(house, "/services/", Host=host)
        assert answer.status_code == 400, host
        assert "evil" not in answer.text


def test_a_live_shop_passes_the_checks_of_its_frame():
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "INFO"],
        env={**kept, **LIVE, "SECRET_KEY": "5f3c9a-" * 9 + "aBcDeFgHiJkLmNoPqRsTuVwXyZ"},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize("path", ["wallet", "orders/desk", "", "a b", "../x", "%61dmin", "api", "back\\office"])
def test_an_admin_path_that_can_not_be_is_named(path):
    done = check(ADMIN_PATH=path or "/")
    assert done.returncode != 0
    assert "ADMIN_PATH" in done.stderr


def test_no_page_of_customers_stands_below_a_name_that_the_admin_may_take():
    firsts = {path.split("/")[1] for name, path in addresses().items() if not path.startswith("/admin/")}
    assert firsts - {"", "brand.css"} == settings.TAKEN_PATHS - {"static"}
