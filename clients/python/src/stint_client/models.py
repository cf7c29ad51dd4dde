"""The generated models that the methods of ``Client`` take and return.

All models of the API are in ``stint_client.generated.models``.
"""

from stint_client.generated.models import (
    ListPeopleSort,
    ListServicesSort,
    ListTimeEntriesSort,
    ListTimersSort,
    Organization,
    OrganizationMembership,
    Person,
    Service,
    TimeEntry,
    TimeEntryInclude,
    Timer,
    TimerInclude,
    User,
)

__all__ = [
    "ListPeopleSort",
    "ListServicesSort",
    "ListTimeEntriesSort",
    "ListTimersSort",
    "Organization",
    "OrganizationMembership",
    "Person",
    "Service",
    "TimeEntry",
    "TimeEntryInclude",
    "Timer",
    "TimerInclude",
    "User",
]
