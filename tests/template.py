"""The tests' database as the migrations make it: made once, then copied, since migrating takes longer than most tests.

The template is kept between runs, on PostgreSQL as a dump, by a name that says which migrations and packages it was
made by. On a server of somebody else's each process migrates for itself.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command

from tests import servers

ROOT = Path(__file__).resolve().parent.parent
KEPT_DAYS = 3
TEMPLATE = "template_shop"
FOLDER = Path(tempfile.gettempdir()) / f"shop-test-templates-{os.getuid()}"


def copy(home: Path, database: dict[str, Any], name: str) -> bool:
    """Make the test database `name` from the template; False where there can be none. `home` is the run's folder."""
    if database["ENGINE"].endswith("sqlite3"):
        shutil.copyfile(_sqlite(home), name)
        return True
    if not _is_ours(home, database):
        return False
    make(home, database)
    with _alone(home), _server(home, database) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}"')
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE}')
    return True


def make(home: Path, database: dict[str, Any]) -> None:
    """Make the template, where there can be one; whoever wants a copy meanwhile waits for it."""
    if database["ENGINE"].endswith("sqlite3"):
        _sqlite(home)
    elif _is_ours(home, database):
        with _alone(home), _server(home, database) as server:
            if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
                server.execute("DROP DATABASE IF EXISTS making_shop")
                server.execute("CREATE DATABASE making_shop")
                _fill(str(home / "postgres"), database["USER"], "making_shop")
                server.execute(f"ALTER DATABASE making_shop RENAME TO {TEMPLATE}")


def _is_ours(home: Path, database: dict[str, Any]) -> bool:
    return bool(database["OPTIONS"].get("host") == str(home / "postgres"))


def _server(home: Path, database: dict[str, Any]) -> Any:
    import psycopg

    return psycopg.connect(host=str(home / "postgres"), user=database["USER"], dbname="postgres", autocommit=True)


def fill(home: Path, database: dict[str, Any]) -> None:
    """Migrate the empty database that `database` names, as in DATABASES: from the template, where there can be one."""
    if database["ENGINE"].endswith("sqlite3"):
        shutil.copyfile(_sqlite(home), database["NAME"])
    elif _is_ours(home, database):
        with _alone(home):
            _fill(str(home / "postgres"), database["USER"], database["NAME"])
    # Triggers are what the code of today says.
    call_command("migrate", verbosity=0)


def _fill(folder: str, user: str, name: str) -> None:
    path = _kept("dump")
    where = ["--host", folder, "--username", user, "--no-password"]
    if path.exists():
        try:
            _run([_program("pg_restore"), *where, "--dbname", name, "--exit-on-error", str(path)])
        except RuntimeError:
            path.unlink(missing_ok=True)  # the next run makes it anew
            raise
        return
    _migrate(name)
    _run([_program("pg_dump"), *where, "--format=custom", "--compress=1", "--file", f"{path}.{os.getpid()}", name])
    os.replace(f"{path}.{os.getpid()}", path)
    _clear_away()


def _sqlite(home: Path) -> Path:
    path = _kept("sqlite3")
    with _alone(home):
        if not path.exists():
            making = home / "making.sqlite3"
            making.unlink(missing_ok=True)
            _migrate(str(making))
            # Complete or not there at all, whoever else is making it; nobody else may write into it.
            shutil.copyfile(making, Path(f"{path}.{os.getpid()}"))
            os.replace(f"{path}.{os.getpid()}", path)
            _clear_away()
    return path


def _kept(kind: str) -> Path:
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    # A dump is run by PostgreSQL's superuser: nobody else may have put it there.
    if FOLDER.is_symlink() or FOLDER.stat().st_uid != os.getuid():
        raise RuntimeError(f"{FOLDER} belongs to somebody else: remove it")
    return FOLDER / f"{_made_by()}.{kind}"


def _program(name: str) -> str:
    return str(servers.postgres_programs() / "bin" / name)


def _migrate(name: str) -> None:
    environment = os.environ | {"TEST_TEMPLATE": name, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    _run([sys.executable, "-m", "django", "migrate", "--verbosity", "0"], env=environment)


def _run(command: list[str], **given: Any) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, **given)
    if done.returncode:
        raise RuntimeError(f"the tests' database can't be made:\n{done.stderr[-5000:]}")


def _made_by() -> str:
    """A digest of everything that decides what the migrations make."""
    digest = hashlib.sha256()
    for path in [
        *sorted(ROOT.glob("*/migrations/*.py")),
        *sorted(ROOT.glob("*/*/migrations/*.py")),
        *sorted(ROOT.glob("*/models.py")),
        *sorted(ROOT.glob("*/guards.py")),
        ROOT / "requirements" / "dev.txt",
    ]:
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _alone(home: Path) -> Any:
    lock = (home / "template.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _clear_away() -> None:
    for path in FOLDER.glob("*"):
        if time.time() - path.stat().st_mtime > KEPT_DAYS * 86400:
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    make(settings.TEST_HOME, settings.DATABASES["default"])
