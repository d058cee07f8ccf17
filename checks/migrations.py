"""Migrations since the last release only expand, so that its code runs beside the new one (docs/upgrade.md).

`python -m checks.migrations` reads what the last release has in `released.toml` and judges what came since
(`checks/expanding.py`). `--released VERSION` notes what is there now as that release's.
"""

import os
import re
import sys
import tomllib
from pathlib import Path

import django
from django.apps import apps
from django.db.migrations.loader import MigrationLoader

from checks.__main__ import SETTINGS
from checks.expanding import breaches

ROOT = Path(__file__).resolve().parent.parent
RELEASED = ROOT / "checks" / "released.toml"
CHANGES = ROOT / "CHANGELOG.md"


def problems(released: dict, loader: MigrationLoader, releases: list[str]) -> list[str]:
    """What is wrong, in words. `released` is the content of `released.toml`, `releases` go from the newest down."""
    if [released["release"]] != releases[:1]:
        newest = releases[0] if releases else "no release"
        return [
            f"CHANGELOG.md begins with {newest}, checks/released.toml has {released['release']}: "
            "python -m checks.migrations --released VERSION"
        ]
    last = list(released["migrations"].items())
    if unknown := [f"{app}.{name}" for app, name in last if (app, name) not in loader.graph.nodes]:
        return [f"{name} was released, and is gone" for name in unknown]
    old = {node for key in last for node in loader.graph.forwards_plan(key)}
    plan = dict.fromkeys(
        node for leaf in sorted(loader.graph.leaf_nodes()) for node in loader.graph.forwards_plan(leaf)
    )
    new = [loader.graph.nodes[node] for node in plan if node not in old]
    found = dict(breaches(loader.project_state(last), new, ours()))
    named = released["nothing_uses"]
    return [
        *(
            f"{what}: {why}. Expand only, or name it in checks/released.toml"
            for what, why in found.items()
            if what not in named
        ),
        *(f"{what}: stands in checks/released.toml, and no migration does it" for what in named if what not in found),
        *(f"{what}: {release} is no release that is out" for what, release in named.items() if release not in releases),
    ]


def ours() -> list[str]:
    """The labels of the shop's own apps."""
    return sorted(app.label for app in apps.get_app_configs() if Path(app.path).parent == ROOT)


def _releases() -> list[str]:
    return re.findall(r"^## (\d[\w.]*)", CHANGES.read_text(), re.M)


def _note(release: str, loader: MigrationLoader) -> None:
    """Write down what is there now; what was named is history then."""
    head, _, rest = RELEASED.read_text().partition("\n")
    mine = ours()
    lines = [f'{app} = "{name}"' for app, name in sorted(loader.graph.leaf_nodes()) if app in mine]
    comment = re.search(r"(?:^#.*\n)+\[nothing_uses\]\n", rest, re.M)
    RELEASED.write_text(
        f'{head}\nrelease = "{release}"\n\n# The last migration of each app.\n[migrations]\n'
        + "\n".join(lines)
        + f"\n\n{comment[0] if comment else '[nothing_uses]'}"
    )


def main(arguments: list[str]) -> int:
    """0 when everything since the release only expands."""
    django.setup()
    loader = MigrationLoader(None, ignore_no_migrations=True)
    match arguments:
        case ["--released", release] if release in _releases()[:1]:
            _note(release, loader)
            return 0
        case ["--released", release]:
            print(f"{release} is not the newest release in CHANGELOG.md.")
            return 2
    found = problems(tomllib.loads(RELEASED.read_text()), loader, _releases())
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    # By hand as in `make checks`: the models are the same whatever a developer has set.
    os.environ |= SETTINGS
    sys.exit(main(sys.argv[1:]))
