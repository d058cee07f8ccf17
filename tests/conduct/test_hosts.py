"""A blocked domain is found however its link is dressed up, and nothing else is."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conduct.hosts import canonical, domain, host_of, is_within
from conduct.models import Block
from conduct.watch import Watch

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True).filter(
    lambda label: not label.startswith("xn--")
)
LETTERS = st.text("abcdefghijklmnopqrstuvwxyzäöüñçéшжйл中文网", min_size=1, max_size=8)
NAME = st.tuples(LABEL | LETTERS, st.sampled_from(["com", "org", "shop", "рф", "中国"])).map(".".join)
PATH = st.sampled_from(["", "/", "/a?b=c", "?x", "#y", "/..//@good.example", "\\good.example"])


def wide(text):
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)


DRESSES = [
    str.upper,
    lambda host: f"{host}.",
    lambda host: ".".join(label.encode("idna").decode() for label in host.split(".")),
    lambda host: host.replace(".", "。"),
    wide,
    lambda host: quote(host),
    lambda host: quote(quote(host)),
    lambda host: f"good.example@{host}",
    lambda host: f"user:pass@{host}",
    lambda host: f"{host}:8443",
    lambda host: wide(f"{host}:443"),
    lambda host: f"{host}:443:443",
    lambda host: f"{host}:+80",
    lambda host: "​".join(host),
]


@given(
    NAME,
    st.lists(LABEL, max_size=2),
    st.sampled_from(DRESSES),
    st.sampled_from(["", "http://", "HTTPS://", "//"]),
    PATH,
)
def test_a_blocked_domain_is_found_in_every_dress_and_below_it(name, below, dress, scheme, path):
    name = canonical(name)
    watch = Watch([Block(kind="DOMAIN", value=name, match=domain(name))])
    assert watch.find(scheme + dress(".".join([*below, name])) + path) is not None


@given(NAME, LABEL)
def test_a_name_that_only_ends_or_begins_alike_is_another(name, more):
    name = canonical(name)
    assert not is_within(canonical(f"{more}{name}"), name)
    assert not is_within(canonical(f"{name}.{more}x"), name)
    watch = Watch([Block(kind="DOMAIN", value=name, match=domain(name))])
    assert watch.find(f"https://{more}{name}/") is None
    assert watch.find(f"https://good.example/{name}") is None


@given(st.text(max_size=60))
def test_no_text_breaks_it(text):
    Watch([Block(kind="DOMAIN", match="evil.example"), Block(kind="WORD", match="casino")]).find(text)
    host_of(text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://WWW.Evil.Example/path", "evil.example"),
        ("*.evil.example", "evil.example"),
        ("xn--mnchen-3ya.de", "münchen.de"),
        (" evil.example. ", "evil.example"),
    ],
)
def test_what_an_operator_pastes_becomes_a_domain(typed, kept):
    assert domain(typed) == kept


@pytest.mark.parametrize("typed", ["", "https://", "two words.example", "-evil.example"])
def test_what_is_no_domain_is_refused(typed):
    with pytest.raises(ValueError, match="Enter a domain"):
        domain(typed)


@pytest.mark.parametrize(
    "link",
    [
        *("https://a.example/CASINO", "a.example/c%61sino", "a.example/ca​sino", "ｃａｓｉｎｏ.example"),
        *("a.example/ca\u3164sino", "a.example/%63%E2%80%8Basino", "a.example/c\u0338asino", "a.example/ca\u2800sino"),
    ],
)
def test_a_word_is_found_through_case_encoding_and_what_cant_be_seen(link):
    assert Watch([Block(kind="WORD", match="casino")]).find(link)
