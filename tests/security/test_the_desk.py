"""Every page of the admin, opened once by an operator in a shop full of hostile text: what may never happen on any."""

import pytest

from tests.security.conftest import browser, everything
from tests.security.markup import Scripts, born
from tests.security.table import desk
from tests.security.test_policies import policy

pytestmark = pytest.mark.django_db

# What is written when an operator looks, on purpose.
MARKS = dict.fromkeys(["api.ServiceCode", "api.CountryCode"], "the codes of what is sold, made when listed")


def test_text_stays_text_nothing_runs_but_what_alpine_is_told_and_looking_changes_nothing(poisoned):
    seen = browser(poisoned.operator)
    before = everything()
    wrong, shown = {}, 0
    for name, paths in desk().items():
        for path in paths[:2]:
            answer = seen.get(path)
            assert answer.status_code < 500, path
            if found := born(answer):
                wrong.setdefault(name, (path, found))
            if "html" in answer.headers.get("Content-Type", ""):
                shown += answer.content.decode().count("&lt;xss onx=1&gt;")
                locked_up(answer, path)
    assert wrong == {}
    # The pages did show it.
    assert shown > 300
    after = everything()
    assert {label for label in before if before[label] != after[label]} == set(MARKS)


def locked_up(answer, path):
    """Its policy lets nothing run that stands in the page; and whatever would be refused is not there."""
    rules = policy(answer)
    assert rules["script-src"] == ["'self'", "'unsafe-eval'"], path
    assert rules["default-src"] == ["'self'"], path
    assert rules["object-src"] == rules["frame-ancestors"] == ["'none'"], path
    found = Scripts(answer.content.decode())
    assert found.inline == [], path
    assert all(address.startswith("/") and not address.startswith("//") for address in found.loaded), path
