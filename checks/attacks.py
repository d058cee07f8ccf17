"""docs/security.md names tests that exist, and every module of tests/security/."""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "security.md"


def main() -> int:
    """0 when whatever the page names is there, and it leaves none of those out."""
    text = PAGE.read_text()
    wrong = []
    for path, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text):
        file = ROOT / path
        if not file.exists():
            wrong.append(f"docs/security.md names {path}, which is not there")
        elif name and name not in _tests(file):
            wrong.append(f"docs/security.md names {name}, which is not in {path}")
    modules = sorted(f"tests/security/{file.name}" for file in (ROOT / "tests" / "security").glob("test_*.py"))
    wrong += [f"docs/security.md does not name {module}" for module in modules if module not in text]
    print("\n".join(wrong))
    return 1 if wrong else 0


def _tests(file: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef)}


if __name__ == "__main__":
    sys.exit(main())
