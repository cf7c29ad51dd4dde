"""A fake clock. Tests advance it and never sleep."""

from datetime import UTC, datetime

# 2026-03-02T09:00:00+01:00 in Zagreb, a Monday morning.
MONDAY_NINE = 1_772_438_400

MINUTE = 60
HOUR = 3600
DAY = 86_400


def rfc3339(timestamp: float) -> str:
    """A timestamp as a request sends it."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat()


class FakeClock:
    """A clock that changes only when a test changes it. Values are Unix times in seconds."""

    def __init__(self, timestamp: float = MONDAY_NINE) -> None:
        self.timestamp = timestamp

    def __call__(self) -> float:
        return self.timestamp

    def advance(self, seconds: float) -> None:
        self.timestamp += seconds

    def at(self, seconds: float) -> str:
        """The present time plus some seconds, as a request sends it."""
        return rfc3339(self.timestamp + seconds)

    def milliseconds(self) -> int:
        return int(self.timestamp * 1000)
