"""Everything customers read stands in `locale/`, translated, and nothing else does; `--update` merges what is new.

Done with Babel and polib, so that nobody needs GNU gettext: strings come from the Python files and the templates
as they stand, the compiled `.mo` is kept beside its `.po`. References name files without lines, and entries are
sorted by their text, so that a change elsewhere makes no noise here.
"""

import ast
import os
import re
import struct
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import allauth
import django
import polib
from babel.messages.extract import extract
from django.template.base import Lexer, TokenType
from django.utils.translation.template import block_re, endblock_re, templatize

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ["zh_Hans"]
# Not shown to customers, or not ours.
OUTSIDE = {"bench", "checks", "locale", "migrations", "node_modules", "static", "tests", "var"}
# What customers read of packages: where the package's own translation is silent, ours speaks.
PACKAGES = {
    Path(django.__file__).parent: ["contrib/auth/password_validation.py", "core/validators.py", "forms/*.py"],
    Path(allauth.__file__).parent: ["account/*.py", "account/internal/**/*.py"],
}
METADATA = {
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=1; plural=0;",
}
# Which argument is what: the text, its plural, `c` for the context.
Shape = tuple[int | tuple[int, str], ...] | None
PLAIN: dict[str, Shape] = {
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
SHAPES: dict[str, Shape] = {
    "_": None,
    "gettext_noop": None,
    **PLAIN,
    **{f"{name}_lazy": shape for name, shape in PLAIN.items()},
}


class Key(NamedTuple):
    """What gettext looks a translation up by."""

    text: str
    context: str | None


class Found(NamedTuple):
    """A string to translate."""

    plural: str
    files: list[str]


# ── What the shop says ─────────────────────────────────────────────────────────────────────────────
def strings(root: Path) -> tuple[dict[Key, Found], list[str]]:
    """Every string that is marked, and what can't be extracted."""
    found: dict[Key, Found] = {}
    wrong: list[str] = []
    for path in _files(root):
        name = path.relative_to(root).as_posix()
        source = path.read_text(encoding="utf-8")
        try:
            if path.suffix == ".py":
                shapes = SHAPES | _aliases(source)
            else:
                shapes = SHAPES
                wrong += [] if name.startswith("templates/admin/") else unmarked(name, source)
                # Indentation means something to Python's tokenizer.
                source = "\n".join(line.lstrip() for line in templatize(source, origin=name).splitlines())
        except SyntaxError as error:
            wrong.append(f"{name}: {error}")
            continue
        for key, plural in _marked(source, shapes):
            known = found.setdefault(key, Found(plural, []))
            if plural and known.plural and plural != known.plural:
                wrong.append(f"{name}: {key.text!r} has another plural in {known.files[0]}")
            if name not in known.files:
                known.files.append(name)
            found[key] = Found(known.plural or plural, known.files)
    return found, wrong


def _marked(source: str, shapes: dict[str, Shape]) -> Iterator[tuple[Key, str]]:
    for _line, said, _comments, context in extract("python", BytesIO(source.encode()), shapes):
        text, plural = said if isinstance(said, tuple) else (said, "")
        yield Key(text, context), plural


def lent(packages: dict[Path, list[str]], language: str) -> dict[Key, Found]:
    """What packages say to customers and their own catalogues leave in English."""
    found: dict[Key, Found] = {}
    for folder, patterns in packages.items():
        known = {
            _key(entry)
            for path in folder.glob(f"**/locale/{language}/LC_MESSAGES/django.mo")
            for entry in polib.mofile(str(path))
        }
        for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
            source = path.read_text(encoding="utf-8")
            for key, plural in _marked(source, SHAPES | _aliases(source)):
                if key not in known:
                    found.setdefault(key, Found(plural, [path.relative_to(folder.parent).as_posix()]))
    return found


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in OUTSIDE and not name.startswith("."))
        inside = "templates" in Path(folder).relative_to(root).parts
        yield from (Path(folder, name) for name in sorted(names) if inside or name.endswith(".py"))


def _aliases(source: str) -> dict[str, Shape]:
    """`from django.utils.translation import gettext_lazy as lazy` makes `lazy` mark strings too."""
    return {
        alias.asname or alias.name: SHAPES[alias.name]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if alias.name in SHAPES
    }


# ── Words in a template that nobody marked ─────────────────────────────────────────────────────────
WORD = re.compile(r"[^\W\d_]{2,}")
READ = re.compile(r"alt|aria-label|placeholder|title|data-(label|confirm|confirm-title|confirm-label|news)")


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.code = False

    def note(self, text: str) -> None:
        text = " ".join(text.split())
        if WORD.search(text):
            self.words.append(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.code = tag in {"script", "style", "code"}
        described = ("name", "description") in attrs
        for name, value in attrs:
            if value and (READ.fullmatch(name) or (described and name == "content")):
                self.note(value)

    def handle_endtag(self, tag: str) -> None:
        self.code = False

    def handle_data(self, data: str) -> None:
        if not self.code:
            self.note(data)


def unmarked(name: str, source: str) -> list[str]:
    """Words of a template outside of every translation tag."""
    page: list[str] = []
    hidden = False
    for token in Lexer(source).tokenize():
        if token.token_type == TokenType.BLOCK:
            if block_re.match(token.contents) or token.contents == "comment":
                hidden = True
            elif endblock_re.match(token.contents) or token.contents == "endcomment":
                hidden = False
        if token.token_type == TokenType.TEXT and not hidden:
            page.append(token.contents)
        elif token.token_type in {TokenType.BLOCK, TokenType.VAR}:
            page.append("·")
    parser = _Words()
    parser.feed("".join(page))
    parser.close()
    return [f"{name}: not marked for translation: {text}" for text in parser.words]


# ── What a translation must keep ───────────────────────────────────────────────────────────────────
PLACE = re.compile(r"%(?:\(\w+\))?[#0 +-]*\d*(?:\.\d+)?[a-zA-Z%]?|\{\w*\}|</?[a-z][^>]*>")


def places(text: str) -> list[str]:
    """The placeholders and HTML tags of a string, in an order of their own."""
    return sorted(PLACE.findall(text))


def _edges(text: str) -> tuple[bool, bool]:
    return text.startswith("\n"), text.endswith("\n")


def faults(entry: polib.POEntry) -> list[str]:
    """What is wrong with one translation."""
    forms = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
    if not forms or not all(form.strip() for form in forms):
        return ["not translated"]
    said = []
    if entry.fuzzy:
        said.append("fuzzy")
    # With one form for every count it is the plural that holds the count.
    original = entry.msgid_plural or entry.msgid
    for form in forms:
        if places(form) != places(original):
            said.append(f"placeholders differ: {' '.join(places(original))} / {' '.join(places(form))}")
        if _edges(form) != _edges(original):
            said.append("line breaks at the ends differ")
    return said


# ── The catalogue ──────────────────────────────────────────────────────────────────────────────────
def _path(root: Path, language: str) -> Path:
    return root / "locale" / language / "LC_MESSAGES" / "django.po"


def _open(path: Path) -> polib.POFile:
    # Unwrapped: a line per string makes the smallest differences.
    return polib.pofile(str(path), wrapwidth=0, check_for_duplicates=True, encoding="utf-8")


def _key(entry: polib.POEntry) -> Key:
    return Key(entry.msgid, entry.msgctxt)


def _name(key: Key) -> str:
    return f"{key.text!r}" + (f" ({key.context})" if key.context else "")


def check(path: Path, found: dict[Key, Found]) -> list[str]:
    """What is wrong with one language."""
    if not path.is_file():
        return [f"{path.name}: not there"]
    try:
        catalogue = _open(path)
    except (OSError, ValueError) as error:
        return [f"{path.name}: {error}"]
    said = []
    entries = {_key(entry): entry for entry in catalogue if not entry.obsolete}
    for key, (plural, files) in found.items():
        entry = entries.get(key)
        if entry is None or entry.msgid_plural != plural:
            said.append(f"missing: {_name(key)} of {', '.join(files)}")
        elif [name for name, _line in entry.occurrences] != files:
            said.append(f"references are old: {_name(key)}")
    for key, entry in entries.items():
        if key not in found:
            said.append(f"obsolete: {_name(key)}")
        said += [f"{fault}: {_name(key)}" for fault in faults(entry)]
    said += [f"obsolete: {_name(_key(entry))}" for entry in catalogue.obsolete_entries()]
    if not _compiled(path.with_suffix(".mo"), catalogue):
        said.append(f"{path.with_suffix('.mo').name} is not what {path.name} says")
    return said


def _compiled(path: Path, catalogue: polib.POFile) -> bool:
    """Whether the `.mo` holds what the `.po` does."""

    def content(entries: list[polib.POEntry]) -> dict[Key, object]:
        return {_key(entry): (entry.msgid_plural or "", entry.msgstr, entry.msgstr_plural) for entry in entries}

    if not path.is_file():
        return False
    try:
        compiled = polib.mofile(str(path))
    except (OSError, ValueError, struct.error):
        return False
    same = content(list(compiled)) == content(catalogue.translated_entries())
    return same and compiled.metadata == catalogue.metadata


def update(path: Path, found: dict[Key, Found]) -> None:
    """Write the `.po` with every string and no other, translations kept, and its `.mo`."""
    old = {_key(entry): entry for entry in _open(path)} if path.is_file() else {}
    catalogue = polib.POFile(wrapwidth=0)
    catalogue.metadata = METADATA | {"Language": path.parent.parent.name}
    for key in sorted(found, key=lambda key: (key.text, key.context or "")):
        plural, files = found[key]
        entry = polib.POEntry(msgid=key.text, msgctxt=key.context, occurrences=[(name, "") for name in files])
        before = old.get(key)
        said = (before.msgstr or before.msgstr_plural.get(0, "")) if before else ""
        if plural:
            entry.msgid_plural, entry.msgstr_plural = plural, {0: said}
        else:
            entry.msgstr = said
        if before:
            entry.tcomment = before.tcomment
            entry.flags = [flag for flag in before.flags if flag == "fuzzy"]
        catalogue.append(entry)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.save(str(path))
    catalogue.save_as_mofile(str(path.with_suffix(".mo")))


def main(arguments: list[str], root: Path = ROOT, packages: dict[Path, list[str]] = PACKAGES) -> int:
    """0 when every language says everything."""
    ours, said = strings(root)
    for language in LANGUAGES:
        found = lent(packages, language) | ours
        path = _path(root, language)
        if "--update" in arguments:
            update(path, found)
        said += [f"{language}: {line}" for line in check(path, found)]
    if said:
        print(*said, sep="\n")
        print("`python -m checks.translations --update` merges what is new; translate in locale/, then run it again.")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
