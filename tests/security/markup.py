"""What a browser makes of a page: whether a text of somebody's became an element of it, and the forms that it has."""

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

# Closes a string, an attribute, a tag and a script, and is an address that runs; where it fits, all of it.
FULL = "javascript:'\"><xss onx=1></script>"
SHORT = '"><xss onx=1>'
RUNS = ("javascript:", "data:text", "vbscript:")
ADDRESSES = {"href", "src", "action", "formaction", "xlink:href", "poster", "srcdoc", "hx-get", "hx-post"}
# What is run as a program, or read as one: escaping quotes does not help there.
PROGRAMS = ("on", "x-", "@", ":", "hx-on", "hx-vals", "hx-headers", "hx-trigger", "style")


@dataclass
class Form:
    """A form, with what it would send as it stands."""

    action: str
    method: str
    values: dict[str, str | list[str]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    files: bool = False


class Page(HTMLParser):
    """Reads a page; `born` names what hostile text became."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.born: list[str] = []
        self.forms: list[Form] = []
        self.shown: list[str] = []
        self._inside = ""
        self._select = ""
        self._area = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "xss":
            self.born.append("an element")
        given = {name: value or "" for name, value in attrs}
        for name, value in given.items():
            if name == "onx" or "<" in name or "'" in name or '"' in name:
                self.born.append(f"an attribute of <{tag}>")
            if name in ADDRESSES and value.strip().lower().startswith(RUNS):
                self.born.append(f"an address of <{tag}>: {name}")
            if name.startswith(PROGRAMS) and "<xss" in value and not _is_json(name, value):
                self.born.append(f"a program in <{tag}>: {name}")
            if name == "srcdoc":
                self.born.append(f"a page in <{tag}>")
        self._inside = tag if tag in ("script", "style") else ""
        self._note_form(tag, given)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""
        if tag == "select":
            self._select = ""
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._inside and "<xss" in data:
            self.born.append(f"text in <{self._inside}>")
        if not self._inside:
            self.shown.append(data)
        if self._area and self.forms:
            self.forms[-1].values[self._area] = data.removeprefix("\n")

    # ── Forms ──────────────────────────────────────────────────────────────────────────────────────
    def _note_form(self, tag: str, given: dict[str, str]) -> None:
        if tag == "form":
            files = given.get("enctype") == "multipart/form-data"
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower(), files=files))
        name = given.get("name", "")
        if not self.forms:
            return
        form = self.forms[-1]
        if tag == "option" and self._select:
            if "selected" in given or self._select not in form.values:
                form.values[self._select] = given.get("value", "")
            return
        if not name or "disabled" in given:
            return
        form.names.add(name)
        kind = given.get("type", "text")
        if tag == "select":
            self._select = name
        elif tag == "textarea":
            self._area = name
            form.values[name] = ""
            form.texts.append(name)
        elif tag == "input" and kind in ("checkbox", "radio"):
            if "checked" in given:
                form.values[name] = given.get("value", "on")
        elif tag == "input" and kind not in ("submit", "button", "image", "file", "reset"):
            form.values[name] = given.get("value", "")
            if kind in ("text", "search", "email", "url", "tel", "password"):
                form.texts.append(name)


def _is_json(name: str, value: str) -> bool:
    """Whether it is JSON that stayed so: htmx reads it, and runs none of it."""
    if name not in ("hx-vals", "hx-headers") or value.startswith(("js:", "javascript:")):
        return False
    try:
        json.loads(value)
    except ValueError:
        return False
    return True


def born(answer) -> list[str]:
    """What hostile text became in that answer; nothing of it where no browser reads the answer as a page."""
    kind = answer.headers.get("Content-Type", "")
    wrong = []
    target = urlsplit(answer.headers.get("Location", ""))
    if target.scheme not in ("", "http", "https"):
        wrong.append("a redirect to what runs")
    if "xml" in kind:
        return wrong + (["an element"] if b"<xss" in answer.content else [])
    if answer.status_code in (301, 302, 204):
        return wrong
    if "html" not in kind:
        plain = kind.split(";")[0] != "image/svg+xml" and answer.headers.get("X-Content-Type-Options") == "nosniff"
        return wrong + ([] if plain else [f"{kind}, which a browser may take for a page"])
    return wrong + Page(answer.content.decode()).born


class Scripts(HTMLParser):
    """What a page would run: `inline` is what stands in it, `loaded` the addresses of scripts and style sheets."""

    DATA = {"application/json", "application/ld+json", "text/template"}

    def __init__(self, html: str) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.loaded: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "script" and "src" not in given and given.get("type", "") not in self.DATA:
            self.inline.append("a script")
        if tag == "script" and "src" in given:
            self.loaded.append(given["src"])
        if tag == "link" and "stylesheet" in given.get("rel", ""):
            self.loaded.append(given.get("href", ""))
        if tag in ("iframe", "object", "embed", "base"):
            self.inline.append(f"<{tag}>")
        self.inline += [f"{name} of <{tag}>" for name in given if name.startswith("on")]
        addresses = {name: value for name, value in given.items() if name in ADDRESSES}
        self.inline += [f"{name} of <{tag}>" for name, value in addresses.items() if value.startswith("javascript:")]
