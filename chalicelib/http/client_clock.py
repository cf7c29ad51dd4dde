"""The ``Client-Time`` header: a client whose clock is wrong sends right times. Contract section 4b.

The header says what the client's clock shows when it sends the request. The difference to the
server's clock is the client's skew: the timestamps of the document are moved back by it.
"""

from chalicelib.core.errors import InvalidHeader
from chalicelib.core.timestamps import parse_milliseconds
from chalicelib.http.routing import MetaField
from chalicelib.jsonapi.resource import Kind

CLIENT_TIME = "Client-Time"

CLOCK_SKEW = MetaField(
    "clock_skew_seconds",
    Kind.INTEGER,
    "Seconds by which the client's clock, as `Client-Time` shows it, is ahead of the server's; "
    "negative: behind. The times of the request were moved back by it. Absent below 2 seconds.",
)

_INVALID = "Use a date-time with an offset, such as 2026-03-02T09:00:00.000+01:00."

_MIN_SKEW_MILLISECONDS = 2_000
"""A smaller difference can be the time that the request took."""


def read_clock_skew(header: str | None, now: float) -> int:
    """Return the seconds by which the client's clock is ahead of the server's; negative: behind.

    0 if the header is absent or blank, or if the difference is less than 2 seconds.

    :param header: the value of ``Client-Time``.
    :param now: the present time, in seconds since 1970-01-01 UTC.
    :raises InvalidHeader: if the value is not a date-time with an offset or ``Z``.
    """
    if not header:
        return 0
    try:
        client_milliseconds = parse_milliseconds(header)
    except ValueError as error:
        raise InvalidHeader(CLIENT_TIME, _INVALID) from error
    skew = client_milliseconds - round(now * 1000)
    if abs(skew) < _MIN_SKEW_MILLISECONDS:
        return 0
    return (skew + 500) // 1000
