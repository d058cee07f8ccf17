"""Put small faults into the books and the prices, one at a time, and say which of them no test notices.

    python -m tests.mutants [--only wallet/ledger.py …]

Exit code 1 when one lives that `equivalent.toml` gives no reason for, or a reason there is about none. On SQLite.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import tomllib

import pytest

from tests.mutants.make import Mutant
from tests.mutants.plant import ROOT
from tests.mutants.run import Fate, Mutation

# Each module with the tests that are about it: quick ones, since a mutant that lives has met all of them.
TARGETS = {
    "catalog/pricing.py": ["tests/catalog/test_pricing.py"],
    "wallet/ledger.py": ["tests/wallet/test_ledger.py"],
    "wallet/audit.py": ["tests/wallet/test_ledger.py"],
    "wallet/models.py": ["tests/wallet/test_ledger.py", "tests/wallet/test_pages.py", "tests/wallet/test_referral.py"],
    "wallet/permit.py": ["tests/wallet/test_permit.py"],
    "wallet/referral.py": ["tests/wallet/test_referral.py"],
    "wallet/referral_views.py": ["tests/wallet/test_referral.py"],
    "wallet/tasks.py": ["tests/wallet/test_referral.py"],
    "wallet/views.py": ["tests/wallet/test_pages.py"],
    "wallet/management/commands/credit.py": ["tests/wallet/test_commands.py"],
}
REASONS = ROOT / "tests" / "mutants" / "equivalent.toml"


def main() -> int:
    """0 when every mutant is noticed, or known to change nothing."""
    wanted = argparse.ArgumentParser(prog="make mutation", description=__doc__)
    wanted.add_argument("--only", nargs="*", default=list(TARGETS), choices=list(TARGETS), metavar="MODULE")
    paths = wanted.parse_args().only
    os.environ.pop("TEST_DATABASE", None)
    run = Mutation(paths)
    tests = list(dict.fromkeys(test for path in paths for test in TARGETS[path]))
    code = pytest.main(
        ["-q", "-p", "no:xdist", "-W", "ignore::pytest.PytestAssertRewriteWarning", *tests], plugins=[run]
    )
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return int(code)
    fates = run.fates + [_in_a_process_of_its_own(mutant) for mutant in run.aside]
    reasons = {name: why for table in tomllib.loads(REASONS.read_text()).values() for name, why in table.items()}
    lived = {fate.mutant.name: fate.mutant for fate in fates if fate.by is None}
    for path in paths:
        _tell(path, [fate for fate in fates if fate.mutant.path == path], reasons)
    unexplained = [mutant for name, mutant in lived.items() if name not in reasons]
    stale = [name for name in reasons if name.split()[0] in paths and name not in lived]
    for mutant in unexplained:
        print(f"lives: {mutant.path}:{mutant.line} {mutant.place.name}: {mutant.before} → {mutant.after}")
    for name in stale:
        print(f"has a reason to live, and is noticed or not made: {name}")
    return 1 if unexplained or stale else 0


def _tell(path: str, fates: list[Fate], reasons: dict[str, str]) -> None:
    equivalent = [fate for fate in fates if fate.by is None and fate.mutant.name in reasons]
    noticed = [fate for fate in fates if fate.by is not None]
    if fates:
        stuck = sum(fate.by == "(stuck)" for fate in noticed)
        share = 100 * len(noticed) / max(1, len(fates) - len(equivalent))
        print(
            f"{path}: {len(fates)} mutants, {len(noticed)} noticed ({stuck} by running for ever), "
            f"{len(equivalent)} equivalent: {share:.1f} %"
        )


def _in_a_process_of_its_own(mutant: Mutant) -> Fate:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:xdist", "-p", "tests.mutants.plant"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TEST_")}
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(
            [*command, *TARGETS[mutant.path]],
            cwd=ROOT,
            env=environment | {"MUTANT": f"{mutant.path}:{mutant.number}"},
            stdout=said,
            stderr=subprocess.STDOUT,
            check=False,
        )
        said.seek(0)
        last = said.read().strip().splitlines()[-1:]
    print(f"apart: {'   dies' if done.returncode else '  lives'} {mutant.name}", file=sys.stderr)
    return Fate(mutant, " ".join(last) or "(does not start)" if done.returncode else None)


if __name__ == "__main__":
    sys.exit(main())
