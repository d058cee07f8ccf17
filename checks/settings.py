"""docs/settings.md is what the settings module reads: names, kinds, defaults, and what `.env.example` says of them.

`python -m checks.settings` compares, also with `.env.example`; `--write` writes the page.
"""

import ast
import re
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "settings.md"
EXAMPLE = ROOT / ".env.example"
MODULES = ["reseller/settings.py", "reseller/up/parts.py", "reseller/up/part.py", "reseller/management/commands/up.py"]
HEADING = re.compile(r"^# ── (.+?) ─+$")
KINDS = {
    **{"bool": "0 or 1", "list": "a list, with commas"},
    **{"int": "a whole number", "float": "a number", "Decimal": "a number"},
}
LONGEST_DEFAULT = 40
HEAD = """# Settings

Written by `python -m checks.settings --write` from what the code reads. A setting is taken from the process's
environment, else from `.env`. With `DEBUG=0` those marked with “needed” must be there, or nothing starts; a value that
makes no sense is named, and nothing starts either.
"""


class Setting(NamedTuple):
    name: str
    kind: str
    default: str
    needed: bool
    words: str


def main() -> int:
    """0 when page and example say what the code reads."""
    sections = _read()
    page = _page(sections)
    if "--write" in sys.argv:
        PAGE.write_text(page)
        return 0
    wrong = []
    if not PAGE.exists() or PAGE.read_text() != page:
        wrong.append("docs/settings.md is not what the code reads: python -m checks.settings --write")
    known = {setting.name for settings in sections.values() for setting in settings}
    shown = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", EXAMPLE.read_text(), re.M))
    wrong += [f"{name} is missing in .env.example" for name in sorted(known - shown - set(INTERNAL))]
    wrong += [f"{name} stands in .env.example, and nothing reads it" for name in sorted(shown - known)]
    print("\n".join(wrong))
    return 1 if wrong else 0


# For the units and containers that start the parts, and for tests.
INTERNAL = ["STRIPE_API_BASE", "WEB_BIND", "WEB_THREADS", "WORKER_THREADS", "BEAT_FILE"]


def _read() -> dict[str, list[Setting]]:
    """The settings by the heading that they stand under."""
    sections: dict[str, list[Setting]] = {}
    for_people = _example()
    seen: set[str] = set()
    for module in MODULES:
        text = (ROOT / module).read_text()
        lines = text.splitlines()
        tree = ast.parse(text)
        needed = _needed(tree)
        for statement in _statements(tree):
            for call in ast.walk(statement):
                if not isinstance(call, ast.Call) or (found := _setting(call)) is None or found[0] in seen:
                    continue
                name, kind, default = found
                seen.add(name)
                heading, words = _above(lines, statement.lineno - 1)
                where = heading if module == MODULES[0] else "The processes"
                sections.setdefault(where or "First of all", []).append(
                    Setting(name, kind, default, name in needed, for_people.get(name) or words)
                )
    return sections


def _example() -> dict[str, str]:
    """What the example says of each setting: the comment above it, or above those right before it."""
    found: dict[str, str] = {}
    words: list[str] = []
    named = False
    for line in EXAMPLE.read_text().splitlines():
        if setting := re.match(r"^#? ?([A-Z][A-Z0-9_]+)=", line):
            found[setting[1]] = " ".join(words)
            named = True
        elif line.startswith("#") and not HEADING.match(line):
            words = [*([] if named else words), line.lstrip("# ")]
            named = False
        else:
            words, named = [], False
    return found


def _statements(tree: ast.Module) -> list[ast.stmt]:
    """Every statement that holds no others, in the order of the text."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and not hasattr(node, "body")]
    # The conditions of those that do.
    found += [node for node in ast.walk(tree) if isinstance(node, ast.If | ast.For)]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def _needed(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "REQUIRED":
            return list(ast.literal_eval(node.value))
    return []


def _setting(call: ast.Call) -> tuple[str, str, str] | None:
    """Name, kind and default of a call that reads a setting."""
    if not call.args or not isinstance(call.args[0], ast.Constant) or not isinstance(call.args[0].value, str):
        return None
    name = call.args[0].value
    reads = ast.unparse(call.func)
    default: ast.expr | None = next((word.value for word in call.keywords if word.arg == "default"), None)
    if reads == "number" and len(call.args) == 3:
        kind, default = KINDS[ast.unparse(call.args[1])], call.args[2]
    elif reads == "os.environ.get":
        kind, default = "a text", call.args[1] if len(call.args) > 1 else None
    elif reads == "env" or reads.startswith("env."):
        kind = KINDS.get(reads.removeprefix("env."), "a text")
        default = default or (call.args[1] if len(call.args) > 1 else None)
    else:
        return None
    return name, kind, _shown(default)


def _shown(default: ast.expr | None) -> str:
    """A default as one would type it; a dash for nothing, dots for what depends on others."""
    if default is None:
        return "–"
    if isinstance(default, ast.Call) and len(default.args) == 1:  # Decimal("0.05")
        default = default.args[0]
    if isinstance(default, ast.Constant):
        value = default.value
        shown = str(int(value)) if isinstance(value, bool) else str(value)
        return f"`{shown}`" if shown and len(shown) <= LONGEST_DEFAULT else ("–" if not shown else "…")
    text = ast.unparse(default)
    if not text.strip("[]"):
        return "–"
    return {"DEBUG": "1 with DEBUG, else 0", "not DEBUG": "0 with DEBUG, else 1"}.get(text, "…")


def _above(lines: list[str], line: int) -> tuple[str, str]:
    """The heading that the line stands under, and the comment right above it."""
    words: list[str] = []
    above = line - 1
    while above >= 0 and lines[above].strip().startswith("#") and not HEADING.match(lines[above]):
        words.insert(0, lines[above].strip().lstrip("# "))
        above -= 1
    while above >= 0 and not HEADING.match(lines[above]):
        above -= 1
    heading = HEADING.match(lines[above]) if above >= 0 else None
    return (heading[1] if heading else ""), " ".join(words)


def _page(sections: dict[str, list[Setting]]) -> str:
    parts = [HEAD]
    for heading, settings in sections.items():
        parts.append(f"\n## {heading}\n\n| setting | kind | default | |\n|---|---|---|---|\n")
        for setting in settings:
            words = setting.words.replace("|", "\\|").replace("<", "&lt;")
            default = "**needed**" if setting.needed else setting.default
            parts.append(f"| `{setting.name}` | {setting.kind} | {default} | {words} |\n")
    return "".join(parts)


if __name__ == "__main__":
    sys.exit(main())
