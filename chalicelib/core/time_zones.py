"""Time zones. The pinned package ``tzdata`` is the only source of their rules.

Python reads the time zone database of the host first, if there is one. Hosts have databases of
different ages, so the same session could have different dates on them. This module removes the
host's from the search path. No other module imports ``zoneinfo``: ruff checks it.
"""

import logging
import zoneinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

__all__ = ["ZoneInfo", "zone_names", "zone_of"]

zoneinfo.reset_tzpath(to=())
# Another package may have read zones of the host before.
ZoneInfo.clear_cache()

log = logging.getLogger("stint")

# Files in the time zone database that are not time zones.
_NOT_ZONES = frozenset({"Factory", "localtime", "posixrules"})
_MAX_CACHED_ZONES = 1024


@cache
def zone_names() -> frozenset[str]:
    """The names of all time zones that inputs accept."""
    return frozenset(zoneinfo.available_timezones()) - _NOT_ZONES


@lru_cache(_MAX_CACHED_ZONES)
def zone_of(name: str, organization_id: int) -> ZoneInfo:
    """A stored time zone, by its IANA name; UTC if the data does not have it any more.

    A name that was valid when it was stored must not make every request of the organization fail,
    also not the one that corrects it. A warning in the log, once per process, names it.
    """
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        log.warning(
            "unknown time zone: UTC is used instead",
            extra={"organization_id": organization_id, "time_zone": name},
        )
        return ZoneInfo("UTC")
