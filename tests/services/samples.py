"""Example records, and sample requests for the routes of services."""

from chalicelib.services.model import Service
from tests.support.fixtures import DESIGN
from tests.support.samples import Sample

RECORDS = (
    Service(1294, 2149, "Design"),
    Service(1294, 2149, "Design", False, False, 3, 11, 12),
)

SAMPLES = {
    "list_services": Sample(),
    "show_service": Sample(DESIGN),
    "create_service": Sample(attributes={"name": "New"}),
    "update_service": Sample(DESIGN, {"name": "Renamed"}),
    "archive_service": Sample(DESIGN),
    "restore_service": Sample(DESIGN),
}
