"""The closed services that an organization lists."""

from chalicelib.dynamodb.database import Database
from chalicelib.organizations.model import Organization
from tests.support.fixtures import ZAGREB


def listed(database: Database, organization_id: int = ZAGREB.id) -> tuple[int, ...]:
    """Return the ids of the services that the organization lists as closed."""
    organization = database.get(Organization, organization_id, organization_id)
    assert organization is not None
    return organization.closed_service_ids
