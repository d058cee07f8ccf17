"""Back the database up while the shop runs, and put a backup back.

SQLite by its online backup; PostgreSQL by its own `pg_dump`, `pg_restore` and `psql`, which have to be on the PATH.
Keys are not in it: without FIELD_ENCRYPTION_KEYS of the time the delivered goods in a backup can't be read.
"""

import os
import shutil
import sqlite3
import subprocess  # nosec B404 - runs pg_dump and its kin
import tempfile
from contextlib import closing
from pathlib import Path

from django.core.management import call_command
from django.db import connection


class CantBackUp(Exception):
    """Nothing was done; says why."""


def back_up(file: Path) -> None:
    """Write the database as it is now to `file`, which must not be there yet, readable to its owner alone."""
    if file.exists():
        raise CantBackUp(f"{file} is there already.")
    if not file.parent.is_dir():
        raise CantBackUp(f"There is no folder {file.parent}.")
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    try:
        if connection.vendor == "sqlite":
            with closing(sqlite3.connect(_sqlite_file())) as source, closing(sqlite3.connect(unfinished)) as copy:
                source.backup(copy)
                # As one plain file, which can be read from a folder that can't be written to.
                copy.execute("PRAGMA journal_mode=DELETE")
            _check(unfinished)
        else:
            _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={unfinished}")
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)


def put_back(file: Path) -> None:
    """Replace the database by the backup in `file`, and bring its tables up to this version of the shop."""
    if not file.is_file():
        raise CantBackUp(f"There is no file {file}.")
    if connection.vendor == "sqlite":
        _check(file)
        connection.close()
        with closing(sqlite3.connect(file)) as backup, closing(sqlite3.connect(_sqlite_file())) as database:
            backup.backup(database)
    else:
        connection.close()
        # Not `pg_restore --clean`: it knows nothing of tables that came after the backup, and stumbles over them.
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "backup.sql"
            _run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(file))
            anew = ("--command=DROP SCHEMA public CASCADE", "--command=CREATE SCHEMA public")
            _run(
                "psql",
                "--no-psqlrc",
                "--quiet",
                "--single-transaction",
                "--set=ON_ERROR_STOP=1",
                *anew,
                f"--file={script}",
            )
    call_command("migrate", interactive=False, verbosity=0)


def _sqlite_file() -> str:
    return str(connection.settings_dict["NAME"])


def _check(file: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as backup:
            told = backup.execute("PRAGMA integrity_check").fetchone()[0]
            backup.execute("SELECT 1 FROM django_migrations")
    except sqlite3.DatabaseError as error:
        raise CantBackUp(f"{file} is no backup of a shop: {error}") from None
    if told != "ok":
        raise CantBackUp(f"{file} is damaged: {told}")


def _run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on our database; its password goes by the environment."""
    found = shutil.which(program)
    if found is None:
        raise CantBackUp(f"{program} is not installed: it comes with PostgreSQL's client programs.")
    told = connection.settings_dict
    where = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}
    environment = {name: str(told[key]) for name, key in where.items() if told.get(key)}
    # A socket's folder or sslmode may stand in the address's query.
    options = {"host": "PGHOST", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}
    environment |= {options[key]: str(value) for key, value in told.get("OPTIONS", {}).items() if key in options}
    # The program's name is one of two; what the operator gave goes as one argument each, through no shell.
    done = subprocess.run(  # noqa: S603  # nosec B603 - a list of our own words, no shell
        [found, "--no-password", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CantBackUp(f"{program}: {done.stderr.strip()[-1000:]}")
