"""The vendor's state in one file, so that it survives a restart as the shop's database does.

Written at most once a second while something changes, and when the sandbox stops. What happened after the
last writing before a crash is forgotten, but no order number is ever given twice. Faults and plans don't
survive, nor does the key.
"""

import contextlib
import dataclasses
import os
import pickle
import sys
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from upstream.sandbox.books import PayBack, Purchase
from upstream.sandbox.catalogue import Service
from upstream.sandbox.numbers import Country, Message, Number, Project
from upstream.sandbox.orders import Order
from upstream.sandbox.vendor import FIRST_ORDER, Vendor

FORMAT = 1  # one more whenever what `Vendor.keep` gives has another shape
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
EVERY = 1.0  # seconds between two looks for changes
# Writing stops the vendor for a moment, and takes longer the more it sold: at most 1/20 of its time.
REST = 20
# More numbers than are given between two writings.
GAP = 100_000
RECORDS = (Country, Message, Number, Order, PayBack, Project, Purchase, Service)
CLASSES = {(kind.__module__, kind.__qualname__): kind for kind in (*RECORDS, Decimal)}


class Memory:
    """One file for one vendor. Going on from the file happens here, writing from `start` to `stop`."""

    def __init__(self, path: Path, vendor: Vendor) -> None:
        self._path = path
        self._vendor = vendor
        # A row has other fields after an upgrade: what was written before it can't be used.
        self._kind = (FORMAT, vendor.seed, len(vendor.services), _layout())
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._complained = False
        self._load()

    def start(self) -> None:
        """Write the file now, which marks it as in use, and then whenever something changed."""
        mark = self._vendor.mark()
        self._save(closed=False)
        self._thread = threading.Thread(target=self._follow, args=(mark,), name="sandbox-memory", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write the file for the last time."""
        if self._thread:
            self._stopping.set()
            self._thread.join()
            self._thread = None
            self._save(closed=True)

    def _follow(self, mark: tuple[Any, ...]) -> None:
        rest = EVERY
        while not self._stopping.wait(rest):
            if (new := self._vendor.mark()) != mark:
                began = time.monotonic()
                self._save(closed=False)
                mark, rest = new, max(EVERY, REST * (time.monotonic() - began))

    # ── The file ───────────────────────────────────────────────────────────────────────────────────
    def _load(self) -> None:
        first = FIRST_ORDER + max(0, int((datetime.now(UTC) - EPOCH).total_seconds()))
        try:
            with self._path.open("rb") as file:
                stored = _Reader(file).load()
            kept, kind = stored["vendor"], stored["kind"]
            # Whatever becomes of the rest, numbers given are not given again.
            first = max(first, kept["next_id"] + (0 if stored["closed"] else GAP))
            if kind == self._kind:
                self._vendor.recall(kept, passed=max(0.0, time.time() - stored["at"]))
            else:
                self._set_aside("is of another seed, number of services or version")
        except FileNotFoundError:
            pass
        except Exception:
            # A damaged pickle raises nearly anything.
            self._set_aside("can't be read")
        self._vendor.next_id = first

    def _set_aside(self, why: str) -> None:
        aside = self._path.with_name(self._path.name + ".aside")
        try:
            self._path.replace(aside)
        except OSError as error:
            _say(f"{self._path} {why} and can't be set aside ({error.strerror}). The sandbox vendor starts anew.")
        else:
            _say(f"{self._path} {why}; it is now {aside.name}. The sandbox vendor starts anew.")

    def _save(self, *, closed: bool) -> None:
        vendor = self._vendor
        with vendor.lock:
            stored = {"kind": self._kind, "closed": closed, "at": time.time(), "vendor": vendor.keep()}
            written = pickle.dumps(stored, protocol=5)
        passing = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            with contextlib.suppress(FileNotFoundError):
                passing.unlink()
            with os.fdopen(os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(written)
            passing.replace(self._path)
        except OSError as error:
            with contextlib.suppress(OSError):
                passing.unlink()
            if not self._complained:
                self._complained = True
                _say(f"Can't write {self._path}: {error.strerror}. The sandbox vendor will forget what it sold.")


class _Reader(pickle.Unpickler):
    """Makes our own records and nothing else: a file is no way to run code here."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return CLASSES[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is none of ours.") from None


def _layout() -> tuple[tuple[str, ...], ...]:
    """The names of the fields of every record in the file."""
    return tuple(
        (
            kind.__name__,
            *(
                [field.name for field in dataclasses.fields(kind)]
                if dataclasses.is_dataclass(kind)
                else getattr(kind, "_fields", ())
            ),
        )
        for kind in RECORDS
    )


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
