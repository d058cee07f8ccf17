"""What can go wrong between a caller and the vendor, on demand: kinds, when each one strikes, and the damage.

`when` says whether the request is processed (`after`) or not (`before`); the caller sees the same either
way, and that is the point.
"""

import json
import math
import random
import threading
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

# Each kind, and when it strikes unless told otherwise.
KINDS = {
    "lost_before": "before",
    "lost_after": "after",
    "hang": "after",
    "http_500": "before",
    "http_502_html": "before",
    "http_429": "before",
    "html": "before",
    "rate_limit_words": "before",
    "wrong_key": "before",
    "words": "before",
    "answer": "before",
    "empty_catalogue": "after",
    "broken_json": "after",
    "bad_rows": "after",
    "withdraw": "after",
    "as_text": "after",
    "slow_drip": "after",
}
FIXED_WHEN = {
    "lost_before": "before",
    "lost_after": "after",
    "broken_json": "after",
    "bad_rows": "after",
    "withdraw": "after",
    "as_text": "after",
    "slow_drip": "after",
}
# The only action that these make sense for.
CATALOGUE_KINDS = frozenset({"empty_catalogue", "bad_rows", "withdraw"})
# The details that a kind takes, with their defaults.
DETAILS: dict[str, dict[str, Any]] = {
    "lost_before": {"seconds": 0.0},
    "lost_after": {"seconds": 0.0},
    "hang": {"seconds": 30.0},
    "http_429": {"retry_after": 1},
    "words": {"words": "Something went wrong"},
    "answer": {"body": None},
    "bad_rows": {"rows": 7},
    "withdraw": {"share": 0.5},
    "slow_drip": {"delay": 0.01},
}
MAX_SECONDS = 3_600


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault in force. `times` counts down, `rate` is a probability; None: always."""

    kind: str
    action: str = "*"
    times: int | None = None
    rate: float | None = None
    when: str = ""
    details: dict[str, Any] = field(default_factory=dict)


class Faults:
    """The faults in force. The first one that fits a request strikes it, alone."""

    def __init__(self, seed: int) -> None:
        self.fired: Counter[str] = Counter()
        self._rng = random.Random(f"{seed}:faults")
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(
        self,
        kind: str,
        *,
        action: str = "*",
        times: int | None = None,
        rate: float | None = None,
        when: str | None = None,
        **details: Any,
    ) -> Fault:
        """Put a fault in force; refuses what it does not know with a ValueError."""
        if kind not in KINDS:
            raise ValueError(f"There is no fault {kind!r}; there are: {', '.join(KINDS)}.")
        known = DETAILS.get(kind, {})
        if unknown := details.keys() - known.keys():
            raise ValueError(f"The fault {kind} takes no {', '.join(sorted(unknown))}.")
        if not isinstance(action, str):
            raise ValueError("The action must be text.")
        if times is not None and (type(times) is not int or times < 1):
            raise ValueError("times must be a whole number from 1.")
        if rate is not None and (not _is_number(rate) or not 0 <= rate <= 1):
            raise ValueError("rate must be between 0 and 1.")
        if when not in (None, "before", "after"):
            raise ValueError("when must be before or after.")
        if when and when != FIXED_WHEN.get(kind, when):
            raise ValueError(f"The fault {kind} always strikes {FIXED_WHEN[kind]} processing.")
        for name, default in known.items():
            value = details.setdefault(name, default)
            if isinstance(default, int | float) and not _is_number(value, 0, MAX_SECONDS):
                raise ValueError(f"{name} must be a number between 0 and {MAX_SECONDS}.")
        fault = Fault(kind=kind, action=action, times=times, rate=rate, when=when or KINDS[kind], details=details)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Take every fault out of force."""
        with self._lock:
            self._faults.clear()

    def take(self, action: str) -> Fault | None:
        """The fault that strikes this request, if any; it is used up by one."""
        if not self._faults:
            return None
        with self._lock:
            for fault in self._faults:
                if fault.action not in ("*", action):
                    continue
                if fault.kind in CATALOGUE_KINDS and action != "services":
                    continue
                if fault.rate is not None and self._rng.random() >= fault.rate:
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                self.fired[fault.kind] += 1
                return fault
        return None

    def as_json(self) -> list[dict[str, Any]]:
        """The faults in force, for the control door."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]


def spoil_rows(body: bytes, count: int) -> bytes:
    """Break the first `count` rows of an answer of `services`, each in another way."""
    answer = json.loads(body)
    rows = answer.get("services", [])
    for position in range(min(count, len(rows))):
        row = rows[position]
        match position % 7:
            case 0:
                row["service"] = None
            case 1:
                row["min"] = "many"
            case 2:
                del row["rate"]
            case 3:
                row["rate"] = "-1.50"
            case 4:
                row["max"] = row["min"] - 1
            case 5:
                row["entityType"] = "unheard of"
            case 6:
                rows[position] = "not a row"
    return _dumps(answer)


def as_text(body: bytes) -> bytes:
    """The same answer with every number as text, as the live vendor does at will."""
    return _dumps(_textual(json.loads(body)))


def _textual(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _textual(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_textual(inner) for inner in value]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _dumps(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _is_number(value: Any, low: float = -math.inf, high: float = math.inf) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
