"""How much of the rooms that move money and buy is carried out by the tests, by branches: `make coverage`.

A branch is a way that a condition may take. Reads what the tests left in `.coverage`; exit code 1 when a room has fewer
than 90 of 100. The vendor's stand-in is told apart: it is not sold to anybody.
"""

import json
import subprocess  # nosec B404 - runs coverage
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

LEAST = 90.0
ROOMS = ["wallet", "orders", "sms", "upstream"]
SANDBOX = "upstream/sandbox"


class Counted(NamedTuple):
    """What a room has, and what of it was carried out."""

    branches: int
    covered: int
    lines: int
    covered_lines: int

    @property
    def share(self) -> float:
        """Branches carried out, of 100; 100 where there are none."""
        return 100 * self.covered / self.branches if self.branches else 100.0


def count(files: Mapping[str, Any]) -> dict[str, Counted]:
    """The figures of each room, of the `files` of coverage's JSON report."""
    found = {}
    for room in [*ROOMS, SANDBOX]:
        of_room = [
            each["summary"]
            for path, each in files.items()
            if path.startswith(f"{room}/") and (room == SANDBOX or not path.startswith(f"{SANDBOX}/"))
        ]
        names = ("num_branches", "covered_branches", "num_statements", "covered_lines")
        found[room] = Counted(*(sum(summary[name] for summary in of_room) for name in names))
    return found


def main() -> int:
    """0 when each room has enough."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        subprocess.run(  # noqa: S603  # nosec B603 - our own words
            [sys.executable, "-m", "coverage", "json", "--quiet", "-o", str(report)], check=True
        )
        files = json.loads(report.read_text())["files"]
    missed = [(each["summary"]["missing_branches"], path) for path, each in files.items()]
    for missing, path in sorted(missed, reverse=True):
        if missing and not path.startswith(f"{SANDBOX}/"):
            ways = ", ".join(f"{begin} → {end if end > 0 else 'end'}" for begin, end in files[path]["missing_branches"])
            print(f"{path}: {ways}")
    low = []
    for room, figures in count(files).items():
        print(
            f"{room}: {figures.share:.1f} % of {figures.branches} branches, "
            f"{100 * figures.covered_lines / max(1, figures.lines):.1f} % of {figures.lines} lines"
        )
        if figures.share < LEAST and room != SANDBOX:
            low.append(room)
    if low:
        print(f"Fewer than {LEAST:.0f} of 100 branches: {', '.join(low)}.")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
