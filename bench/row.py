"""One line of JSON for a row of the table of `docs/performance.md`: measured, compared with, ratio, goal."""

import json
import os
import statistics
from collections.abc import Sequence
from typing import Any


def tell(row: str, *, measured: float, unit: str, goal: str, met: bool, **more: Any) -> None:
    """Print a row. `more` has what it is compared with (`compared_with`, `ratio`) and what else explains it."""
    line = {
        "row": row,
        "measured": _short(measured),
        "unit": unit,
        **{name: _short(value) for name, value in more.items()},
        "goal": goal,
        "met": met,
        "load": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(line, ensure_ascii=False), flush=True)


def p95(values: Sequence[float]) -> float:
    """The value that 95 of 100 do not pass."""
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


def _short(value: Any) -> Any:
    return float(f"{value:.3g}") if isinstance(value, float) else value
