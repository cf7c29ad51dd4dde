"""Sample requests for the routes of organizations and memberships."""

from tests.support.fixtures import OTHER_MEMBER, ZAGREB
from tests.support.samples import Sample

SAMPLES = {
    "list_organizations": Sample(),
    "show_organization": Sample(ZAGREB.id),
    "update_organization": Sample(ZAGREB.id, {"name": "Renamed"}),
    "list_organization_memberships": Sample(),
    "show_organization_membership": Sample(OTHER_MEMBER),
}
