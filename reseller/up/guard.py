"""Runs one command and sees to its end, also when whoever asked for it was killed.

`python guard.py LIFELINE [--user NAME] [--pass SOCKET] [--stop SIGNAL] COMMAND…`, where LIFELINE is the number of an
inherited pipe's reading end, and SOCKET that of a listening socket which the command gets as well. The other end of the
pipe closes when the starter dies, however it dies; then the command is asked to stop (by SIGTERM or what --stop says)
and, after GRACE seconds, the whole process group is killed.
Standard library only, so that it starts in no time.
"""

import os
import pwd
import signal
import subprocess  # nosec B404 - starts the shop's parts
import sys
import threading
from types import FrameType
from typing import Any

GRACE = 25.0


def main(arguments: list[str]) -> int:
    """Run the command; its exit code (128 + N for signal N) is ours."""
    lifeline = int(arguments.pop(0))
    identity: dict[str, Any] = {}
    if arguments[0] == "--user":
        person = pwd.getpwnam(arguments[1])
        identity = {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}
        del arguments[:2]
    if arguments[0] == "--pass":
        identity["pass_fds"] = [int(arguments[1])]
        del arguments[:2]
    stop = signal.SIGTERM
    if arguments[0] == "--stop":
        stop = signal.Signals[arguments[1]]
        del arguments[:2]

    asked = threading.Event()
    process: subprocess.Popen[bytes] | None = None

    def ask(_number: int = 0, _frame: FrameType | None = None) -> None:
        asked.set()
        if process is not None and process.poll() is None:
            process.send_signal(stop)

    # A signal may come before there is a process to hand it to.
    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    try:
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, **identity)  # noqa: S603  # nosec B603 - the command line that started it
    except OSError as error:
        print(f"{arguments[0]} does not start: {error.strerror}", file=sys.stderr)
        return 127
    if asked.is_set():
        ask()

    def watch() -> None:
        while os.read(lifeline, 64):
            pass
        ask()
        threading.Event().wait(GRACE)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
    code = process.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
