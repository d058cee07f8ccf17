"""What a log-in came from, in words."""

import pytest

from accounts import browsers

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"


@pytest.mark.parametrize(
    ("agent", "words", "kind"),
    [
        (CHROME, "Chrome on Linux", "Chrome, Linux"),
        (EDGE, "Edge on Windows", "Edge, Windows"),
        (IPHONE, "Safari on iPhone", "Safari, iPhone"),
        ("curl/8.1", "curl", "curl"),
        ("<script>alert(1)</script>", "An unknown browser", ""),
        ("", "An unknown browser", ""),
    ],
)
def test_a_browser_is_named_in_our_words_only(agent: str, words: str, kind: str):
    assert (browsers.words(agent), browsers.kind(agent)) == (words, kind)


def test_a_phone_is_told_from_a_desk():
    assert browsers.is_handheld(IPHONE)
    assert not browsers.is_handheld(CHROME)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.0.0/16"),
        ("2001:db8:1:2::3", "2001:db8::/32"),
        ("::ffff:203.0.113.7", "203.0.0.0/16"),
        ("nonsense", ""),
    ],
)
def test_a_network_is_as_wide_as_a_provider(address: str, network: str):
    assert browsers.network(address) == network
