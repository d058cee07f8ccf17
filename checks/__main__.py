"""Run every check, two at a time, and show what the failing ones said."""

import os
import subprocess  # nosec B404 - runs the checks
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
# The checks need no secrets and no servers; nothing of a developer's own settings may change what they say.
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "reseller.settings",
    "DEBUG": "0",
    "SECRET_KEY": "only-for-the-checks-and-long-enough-to-be-taken-for-a-real-one-0123456789",  # nosec B105 - of no shop
    "FIELD_ENCRYPTION_KEYS": "Y2hlY2tzLWtleS1jaGVja3Mta2V5LWNoZWNrcy1rZXk=",
    "ALLOWED_HOSTS": "localhost",
    "DATABASE_URL": "sqlite://:memory:",
    "CELERY_BROKER_URL": "memory://",
    "UPSTREAM_URL": "https://vendor.invalid/api/v2",
    "UPSTREAM_KEY": "none",
}
# The longest first.
CHECKS: dict[str, list[str]] = {
    "types": [PYTHON, "-m", "mypy", "--no-error-summary", "."],
    "security": [PYTHON, "-m", "bandit", "-q", "-r", ".", "-c", "pyproject.toml"],
    "templates lint": [PYTHON, "-m", "djlint", "--lint", "--quiet", "templates"],
    "templates compile": [PYTHON, "-m", "checks.templates"],
    "translations": [PYTHON, "-m", "checks.translations"],
    "migrations": [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"],
    "migrations only add": [PYTHON, "-m", "checks.migrations"],
    "attacks": [PYTHON, "-m", "checks.attacks"],
    "settings reference": [PYTHON, "-m", "checks.settings"],
    "settings": [PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
    "layers": [str(Path(PYTHON).with_name("lint-imports")), "--no-cache"],
    "lock": [PYTHON, "-m", "checks.lock"],
    "form": [PYTHON, "-m", "ruff", "format", "--check", "--quiet", "--diff", "."],
    "lint": [PYTHON, "-m", "ruff", "check", "--quiet", "."],
}


class Outcome(NamedTuple):
    name: str
    ok: bool
    said: str
    seconds: float


def run(name: str, command: list[str]) -> Outcome:
    """Run one check and keep what it said."""
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603  # nosec B603 - the table above
        command,
        cwd=ROOT,
        env=os.environ | SETTINGS,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return Outcome(name, done.returncode == 0, done.stdout.strip(), time.monotonic() - began)


def main() -> int:
    """0 when every check is clean."""
    failed = []
    with ThreadPoolExecutor(2) as pool:
        for outcome in pool.map(lambda item: run(*item), CHECKS.items()):
            print(f"{'ok    ' if outcome.ok else 'FAILED'} {outcome.name} ({outcome.seconds:.1f} s)", flush=True)
            if not outcome.ok:
                failed.append(outcome.name)
                print(outcome.said, flush=True)
            elif outcome.name == "lock" and outcome.said:
                print(f"       {outcome.said}", flush=True)
    print("not run: an audit of known vulnerabilities; its database is not in the package index.", flush=True)
    if failed:
        print(f"Failed: {', '.join(failed)}.", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
