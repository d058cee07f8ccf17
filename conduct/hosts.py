"""Names of hosts, however they are written: one form for each, so that a blocked one can't be dressed up. Pure.

Letters beyond ASCII and their `xn--` spelling are one name; so are capitals, wide letters, dots of other scripts,
dots at the end, and what is percent-encoded. A program that opens a link reads it in the same ways.
"""

import re
import unicodedata
from urllib.parse import unquote

LONGEST = 253
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:[/\\]*", re.IGNORECASE)
_DOTS = str.maketrans("。．｡", "...")
# Letters and signs that are drawn as nothing: the fillers of Hangul, and an empty cell of Braille.
_BLANKS = "\u115f\u1160\u2800"
_END_OF_HOST = re.compile(r"[/\\?#]")
_LABEL = re.compile(r"[^\W_]([\w-]*[^\W_])?\Z")
# Text that is decoded more often than this is not meant to be read.
_DECODED = 3


def decoded(text: str) -> str:
    """The text without percent-encoding, also where it was encoded more than once."""
    for _turn in range(_DECODED):
        plain = unquote(text)
        if plain == text:
            break
        text = plain
    return text


def folded(text: str) -> str:
    """Letters as they are compared: one form for each character, no case, nothing that can't be seen."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = "".join(
        letter for letter in text if unicodedata.category(letter) not in ("Cf", "Cc", "Mn") and letter not in _BLANKS
    )
    return unicodedata.normalize("NFKC", text)


def canonical(host: str) -> str:
    """The one form of a host's name: letters of its own script, no case, no dot at the end; empty for none."""
    name = folded(decoded(host).translate(_DOTS)).translate(_DOTS)
    return ".".join(_label(label) for label in name.split(".") if label)


def _label(label: str) -> str:
    if label.startswith("xn--"):
        try:
            return folded(label[4:].encode("ascii").decode("punycode")) or label
        except UnicodeError:
            return label
    return label


def host_of(link: str) -> str:
    """The host that a link leads to, in its one form; empty where it names none.

    Without a scheme the text begins with the host; what stands before an @ is no part of it; a backslash is a slash,
    as browsers have it.
    """
    text = _SCHEME.sub("", link.strip(), count=1) if _has_scheme(link.strip()) else link.strip()
    text = text.lstrip("/\\")
    authority = _END_OF_HOST.split(text, maxsplit=1)[0]
    host = authority.rpartition("@")[2]
    plain = decoded(host)
    if plain != host:
        # Encoded slashes and @ end a host as well, for whoever decodes first.
        host = _END_OF_HOST.split(plain, maxsplit=1)[0].rpartition("@")[2]
    # What follows a colon is a port, or at least no part of the name; an address in brackets has colons of its own.
    return canonical(host if host.startswith("[") else folded(host).partition(":")[0])


def _has_scheme(link: str) -> bool:
    match = _SCHEME.match(link)
    # `evil.example:443/…` is a host with a port.
    return match is not None and (link[match.end() - 1] in "/\\" or "." not in match[0])


def is_within(host: str, domain: str) -> bool:
    """Whether `host` is `domain` or below it; both in their one form."""
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def domain(text: str) -> str:
    """The domain that somebody typed or pasted as a link, in its one form. Raises `ValueError`."""
    name = host_of(text).removeprefix("*.").removeprefix("www.")
    if not name or len(name) > LONGEST or not all(_LABEL.match(label) for label in name.split(".")):
        raise ValueError("Enter a domain, such as example.com.")
    return name
