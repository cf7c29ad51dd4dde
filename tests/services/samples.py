"""Sample requests for the routes of services."""

from tests.support.fixtures import DESIGN
from tests.support.samples import Sample

SAMPLES = {
    "list_services": Sample(),
    "show_service": Sample(DESIGN),
    "create_service": Sample(attributes={"name": "New"}),
    "update_service": Sample(DESIGN, {"name": "Renamed"}),
    "archive_service": Sample(DESIGN),
    "restore_service": Sample(DESIGN),
}
