"""The vendor's clock: seconds since it started, running `speed` times as fast as ours."""

import threading
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Seconds of the vendor's time. With a speed of 0 it stands still until `advance` moves it."""

    def __init__(self, speed: float = 1.0) -> None:
        if speed < 0:
            raise ValueError("The speed must be 0 or more.")
        self.speed = speed
        self._started = time.monotonic()
        self._started_at = datetime.now(UTC)
        self._advanced = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds of the vendor's time since the start."""
        return self._advanced + (time.monotonic() - self._started) * self.speed

    @property
    def advanced(self) -> float:
        """Seconds by which it was moved forward by hand."""
        return self._advanced

    def advance(self, seconds: float) -> float:
        """Move the vendor's time forward; returns the new time in seconds."""
        if seconds < 0:
            raise ValueError("Time only moves forward.")
        with self._lock:
            self._advanced += seconds
        return self.now()

    def moment(self, at: float) -> str:
        """The moment at which everyone else's clock shows when ours reaches `at`, as the vendor prints it.

        A customer who counts down to `expires_at` thus sees the truth at any speed.
        """
        ahead = (at - self._advanced) / self.speed if self.speed else at
        moment = self._started_at + timedelta(seconds=ahead)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
