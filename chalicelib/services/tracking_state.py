"""Whether services take time, for starts on existing time entries. Decision 0022.

A start on an entry knows the service only after it has loaded the entry. The process therefore
remembers for 60 seconds that a service takes time, so that most starts need no further call.
"""

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.expiring_cache import ExpiringCache
from chalicelib.services.model import Service

SERVICE_CACHE_SECONDS = 60
_MAX_CACHED_SERVICES = 10_000


class ServiceStates:
    """Answers whether services take time. Use one object for all requests of a process."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._database = dependencies.database
        self._clock = dependencies.clock
        self._open_services: ExpiringCache[tuple[int, int], bool] = ExpiringCache(
            _MAX_CACHED_SERVICES, dependencies.clock
        )

    def takes_time(self, organization_id: int, service_id: int) -> bool:
        """Whether people may track time on a service. A false answer is never out of date.

        A true answer can be 60 seconds old. No call if the service took time in the last 60
        seconds, else one. Raises ``Unavailable``.
        """
        key = organization_id, service_id
        if self._open_services.get(key):
            return True
        expires_at = self._clock() + SERVICE_CACHE_SECONDS
        service = self._database.get(Service, organization_id, service_id)
        if service is None or not service.takes_time:
            return False
        self._open_services.put(key, True, expires_at)
        return True
