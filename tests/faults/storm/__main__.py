"""`python -m tests.faults.storm`: one storm; its figures as a line of JSON, exit code 1 when the promise is broken."""

import argparse
import os
import random
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.faults.storm", description=__doc__)
    options.add_argument("--seed", type=int, default=None, help="the same one plans the same faults and purchases")
    options.add_argument("--minutes", type=float, default=30)
    options.add_argument("--seconds", type=float, default=None, help="instead of --minutes")
    options.add_argument("--orders", type=int, default=2100, help="orders that customers wish for")
    options.add_argument("--numbers", type=int, default=640, help="phone numbers that they wish for")
    options.add_argument("--evidence-wait", type=float, default=100, help="UPSTREAM_EVIDENCE_WAIT of the shop")
    options.add_argument("--settle", type=float, default=None, help="seconds left for doubts to settle at the end")
    options.add_argument("--quiet-within", type=float, default=900, help="seconds until everything has to be ended")
    options.add_argument("--folder", type=Path, default=None, help="for its logs; one in the temporary folder if none")
    given = options.parse_args()
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}", flush=True)

    # Servers of its own, whoever started it.
    theirs = ("TEST_HOME", "TEST_HOUSE", "TEST_DATABASE_URL", "TEST_BROKER_URL", "DATABASE_URL", "CELERY_BROKER_URL")
    for name in (*theirs, "PYTEST_XDIST_WORKER"):
        os.environ.pop(name, None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ["TEST_DATABASE"] = "postgres"
    import django

    django.setup()
    from django.conf import settings

    from tests import servers
    from tests.faults.storm.driver import Storm, report
    from tests.faults.storm.schedule import Size

    folder = given.folder or Path(tempfile.mkdtemp(prefix=f"shop-storm-{seed}-"))
    folder.mkdir(parents=True, exist_ok=True)

    def say(line: str) -> None:
        print(f"{datetime.now(UTC):%H:%M:%S} {line}", file=sys.stderr, flush=True)

    seconds = given.seconds or given.minutes * 60
    size = Size(seconds=seconds, orders=given.orders, numbers=given.numbers)
    settle = given.settle if given.settle is not None else (0.0 if size.short else given.evidence_wait + 320)
    database = servers.Servers(settings.TEST_HOME)
    code = 1
    say(f"{seconds:.0f} s, {size.orders} orders, {size.numbers} numbers; logs in {folder}")
    try:
        database.postgres()
        storm = Storm(
            seed=seed,
            size=size,
            folder=folder,
            evidence_wait=given.evidence_wait,
            settle=settle,
            quiet_within=given.quiet_within,
            say=say,
        )
        code = report(storm, storm.run(), say)
    except servers.Missing as error:
        say(str(error))
        code = 3
    finally:
        database.stop()
        shutil.rmtree(settings.TEST_HOME, ignore_errors=True)
        if code == 0 and given.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
