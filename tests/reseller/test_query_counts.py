"""Every page of the shop opens, and asks the database twelve times at most, however many rows there are."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.exceptions import NoReverseMatch

from reseller.books import audit
from tests.lived_in import PAGES, LivedIn, people
from tests.lived_in.fittings import fit
from tests.lived_in.pages import ACTS, NO_PAGES, ROLES, VISITOR
from tests.orders.conftest import catalogue
from tests.sms.conftest import projects
from tests.still import sandbox

__all__ = ["catalogue", "projects", "sandbox"]
pytestmark = pytest.mark.django_db
MOST = 12
# allauth looks the factors up anew for each way to prove oneself, and begins a ceremony in the session.
ALLAUTH = {"mfa-reauthenticate-webauthn": 14, "mfa-add-webauthn": 13}
# Pages that lead to where they show something: the key is taken out of the address.
LEAD_ON: set[str] = {"account_reset_password_from_key"}


@pytest.fixture
def lived_in(catalogue, projects, now, settings):
    fit(settings)
    return LivedIn(now=now, step=timedelta(minutes=5)).open()


def browsers(shop):
    """A browser of each role."""
    made = {VISITOR: Client()}
    for role in ROLES:
        made[role] = Client()
        made[role].cookies["sessionid"] = people.session_of(getattr(shop, role), proved=True)
    return made


def counts(shop):
    """How often each page asks."""
    seen, asked, wrong = browsers(shop), {}, {}
    for page in PAGES:
        path = page.path(shop)
        for leads in range(4):  # noqa: B007 - looked at below
            with CaptureQueriesContext(connection) as queries:
                answer = seen[page.who].get(path, headers={"Accept": "text/html"})
            if answer.status_code != 302:
                break
            path = answer["Location"]
        # Savepoints are the test's own: outside of one there is a transaction.
        asked[page.name] = sum("SAVEPOINT" not in query["sql"] for query in queries)
        if answer.status_code != page.status or (leads and page.view not in LEAD_ON):
            wrong[page.name] = (answer.status_code, path)
    assert wrong == {}
    return asked


def test_every_page_opens_with_few_queries_and_no_more_for_more_rows(lived_in):
    lived_in.more(2)
    few = counts(lived_in)
    lived_in.more(9)
    many = counts(lived_in)
    assert {name: number for name, number in many.items() if number > ALLAUTH.get(name, MOST)} == {}
    assert {name: (few[name], number) for name, number in many.items() if number > few[name]} == {}
    assert audit().problems == []


def names(resolver, space=""):
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            if each.namespace != "admin":
                yield from names(each, f"{space}{each.namespace}:" if each.namespace else space)
        elif isinstance(each, URLPattern) and each.name:
            yield space + each.name


def test_the_list_of_pages_is_complete():
    listed = {page.view for page in PAGES}
    assert listed | ACTS | set(NO_PAGES) == set(names(get_resolver()))
    assert [listed & ACTS, listed & set(NO_PAGES), ACTS & set(NO_PAGES)] == [set(), set(), set()]
    assert len({page.name for page in PAGES}) == len(PAGES)


def test_an_act_is_no_page(client, customer):
    client.force_login(customer)
    for name in sorted(ACTS):
        assert client.get(_somewhere(name)).status_code == 405, name


def _somewhere(name):
    """An address of that name, with whatever its pattern takes."""
    for arguments in ([], [1], ["a"], ["00000000-0000-4000-8000-000000000000"], [1, "pause"], [1, 1]):
        try:
            return reverse(name, args=arguments)
        except NoReverseMatch:
            continue
    raise AssertionError(name)


@pytest.fixture(autouse=True)
def _fresh(broker):
    cache.clear()
    yield
    cache.clear()
