"""The lock files fit pyproject.toml, hash everything and name no index; `--write` makes them anew.

`make lock` takes the newest versions that fit. The check compiles with the lock as it stands as the preference
and compares what would be installed. Without the package index it still proves that each wish of pyproject.toml
is met by a pinned version, and says that it could do no more.
"""

import re
import shutil
import subprocess  # nosec B404 - runs uv
import sys
import tempfile
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).with_name("uv")
SHOP = "requirements/shop.txt"
DEV = "requirements/dev.txt"
COMPILE = [
    *("pip", "compile", "--universal", "--generate-hashes", "--no-emit-index-url", "--python-version", "3.11"),
    "pyproject.toml",
]
UNREACHABLE = re.compile(
    r"error sending request|failed to fetch|dns error|timed out|connection refused|network was disabled", re.IGNORECASE
)


def main(arguments: list[str]) -> int:
    """0 when the locks are good, or were written."""
    if arguments == ["--write"]:
        for options in ([], ["--extra", "dev", "-c", SHOP]):
            target = DEV if options else SHOP
            done = subprocess.run(  # noqa: S603  # nosec B603 - our own words
                [UV, *COMPILE, "--quiet", "--upgrade", *options, "-o", target], cwd=ROOT, check=False
            )
            if done.returncode:
                return done.returncode
        print(f"Wrote {SHOP} and {DEV}; `git diff` shows what is newer.")
        return 0
    found = [*_form(SHOP), *_form(DEV)] or _wishes()
    if not found:
        unmet, reached = _compile()
        found += unmet
        if not reached:
            print("The package index can't be reached: compared names, versions and hashes, compiled nothing.")
    if found:
        print(*found, "Run `make lock`.", sep="\n")
    return 1 if found else 0


def pins(text: str) -> list[str]:
    """`name==version ; marker` of every line, without hashes and comments."""
    lines = (line.strip().removesuffix("\\").strip() for line in text.splitlines())
    return sorted(line for line in lines if line and not line.startswith(("#", "--hash")))


def _form(path: str) -> list[str]:
    text = (ROOT / path).read_text()
    found = [f"{path}: not a pinned version: {pin}" for pin in pins(text) if not re.match(r"[a-z0-9._-]+==\S+", pin)]
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    found += [f"{path}: no hash: {block.split()[0]}" for block in blocks[1:] if "--hash=sha256:" not in block]
    if re.search(r"://|^\s*(-i|-f|-e|--index|--extra-index|--find-links|--trusted-host)\b|@ ", text, re.MULTILINE):
        found.append(f"{path}: names an index, an address or a path")
    return found


def _wishes() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = []
    for path, wishes in [
        (SHOP, project["dependencies"]),
        (DEV, project["dependencies"] + project["optional-dependencies"]["dev"]),
    ]:
        locked: dict[str, list[str]] = {}
        for pin in pins((ROOT / path).read_text()):
            pinned = Requirement(pin)
            locked.setdefault(canonicalize_name(pinned.name), []).append(str(pinned.specifier).removeprefix("=="))
        for wish in map(Requirement, wishes):
            versions = locked.get(canonicalize_name(wish.name), [])
            if not versions or not all(wish.specifier.contains(version, prereleases=True) for version in versions):
                found.append(f"{path}: {wish} is not met by {', '.join(versions) or 'any line'}")
    shop = set(pins((ROOT / SHOP).read_text()))
    dev = set(pins((ROOT / DEV).read_text()))
    found += [f"{DEV}: differs from {SHOP}: {pin}" for pin in sorted(shop - dev)]
    return found


def _compile() -> tuple[list[str], bool]:
    """What compiling would change, and whether the index could be asked."""
    found: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        # Compiled in a copy: uv takes an existing output as its preference, and then writes over it.
        (Path(folder) / "requirements").mkdir()
        for path in ("pyproject.toml", SHOP, DEV):
            shutil.copyfile(ROOT / path, Path(folder) / path)
        for path, options in ((SHOP, []), (DEV, ["--extra", "dev", "-c", SHOP])):
            done = subprocess.run(  # noqa: S603  # nosec B603 - our own words
                [UV, *COMPILE, "--quiet", *options, "-o", path],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                if UNREACHABLE.search(done.stderr):
                    return found, False
                return [*found, f"{path}: {done.stderr.strip()}"], True
            new, old = set(pins((Path(folder) / path).read_text())), set(pins((ROOT / path).read_text()))
            found += [f"{path}: missing: {pin}" for pin in sorted(new - old)]
            found += [f"{path}: not wanted any more: {pin}" for pin in sorted(old - new)]
    return found, True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
