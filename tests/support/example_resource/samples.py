"""An example record, and sample requests for the routes of projects."""

from tests.support.example_resource.model import Project
from tests.support.fixtures import ZAGREB
from tests.support.samples import Sample

PROJECT = Project(41, ZAGREB.id, "Intranet", 80)
RECORDS = (PROJECT,)

SAMPLES = {
    "list_projects": Sample(),
    "show_project": Sample(PROJECT.id),
    "create_project": Sample(attributes={"name": "New"}),
    "update_project": Sample(PROJECT.id, {"name": "Renamed"}),
    "delete_project": Sample(PROJECT.id),
}
