"""A fake clock. Tests advance it and never sleep."""

# 2026-03-02T09:00:00+01:00 in Zagreb, a Monday morning.
MONDAY_NINE = 1_772_438_400

MINUTE = 60
HOUR = 3600
DAY = 86_400


class FakeClock:
    """A clock that changes only when a test changes it. Values are Unix times in seconds."""

    def __init__(self, timestamp: float = MONDAY_NINE) -> None:
        self.timestamp = timestamp

    def __call__(self) -> float:
        return self.timestamp

    def advance(self, seconds: float) -> None:
        self.timestamp += seconds

    def milliseconds(self) -> int:
        return int(self.timestamp * 1000)
