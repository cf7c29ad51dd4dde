"""Example records, and sample requests for the routes of organizations and memberships."""

from chalicelib.organizations.model import Membership, Organization
from chalicelib.people.model import Role
from tests.support.fixtures import OTHER_MEMBER, ZAGREB
from tests.support.samples import Sample

RECORDS = (
    Organization(2149, "Studio", "Europe/Zagreb"),
    Organization(
        2149,
        "Adriatic",
        "Europe/Zagreb",
        3600,
        closed_service_ids=(3, 2**53 - 1),
        is_indexed=True,
        closed_until="2026-02-28",
        closed_effective_at=1_772_438_460,
    ),
    Membership(8784, 2149, Role.MEMBER),
)

SAMPLES = {
    "list_organizations": Sample(),
    "show_organization": Sample(ZAGREB.id),
    "update_organization": Sample(ZAGREB.id, {"name": "Renamed"}),
    "list_organization_memberships": Sample(),
    "show_organization_membership": Sample(OTHER_MEMBER),
}
