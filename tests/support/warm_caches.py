"""Fill the caches of the process, as earlier requests do."""

from tests.support.api import Api
from tests.support.fixtures import ADMINS_ENTRY, ADMINS_SECOND_ENTRY


def warm_caches(admin: Api) -> None:
    """Cache the admin as a caller, and the services of the admin's entries. Writes nothing."""
    for entry_id in (ADMINS_ENTRY, ADMINS_SECOND_ENTRY):
        # Refused: too long ago.
        response = admin.start(time_entry_id=entry_id, started_at="2020-01-01T00:00:00Z")
        assert response.error["source"] == {"pointer": "data/attributes/started_at"}
