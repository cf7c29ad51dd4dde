"""Projects over HTTP."""

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import ADMINS, EVERYONE
from chalicelib.http.includes import IncludedResources
from chalicelib.http.registration import Registration
from chalicelib.http.routing import Route
from chalicelib.http.views import ResourceViews
from chalicelib.jsonapi import example_values as example
from chalicelib.jsonapi.in_memory_list import InMemoryList
from chalicelib.jsonapi.input_types import integer_input, text_input
from chalicelib.jsonapi.inputs import Input
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource
from tests.support.example_resource import repository as _repository  # noqa: F401 - declares items
from tests.support.example_resource.model import Project
from tests.support.example_resource.operations import VIEW_PROJECT, Projects

_MAX_BUDGET_HOURS = 100_000


def _example() -> Project:
    return Project(31, example.ORGANIZATION, "Website", 120)


PROJECTS: Resource[Project] = Resource(
    type="projects",
    singular="project",
    description="A project that services are sold for.",
    entity=Project,
    view=VIEW_PROJECT,
    example=_example,
    id=lambda project: project.id,
    attributes=(
        Attribute("name", Kind.TEXT, lambda project: project.name, "Name of the project."),
        Attribute(
            "budget_hours",
            Kind.INTEGER,
            lambda project: project.budget_hours,
            "Budget in hours. Null: no budget.",
            nullable=True,
        ),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda project: project.organization_id,
            "Organization of the project.",
            always=True,
        ),
    ),
    includes=("organization",),
    filters=(
        Filter("id", FilterKind.ID, "Id of the project.", lambda project: project.id),
        Filter("name", FilterKind.TEXT, "Name of the project.", lambda project: project.name),
    ),
    sorts=("name",),
    orders={"name": lambda project: project.name},
)


def _inputs(required: bool) -> tuple[Input, ...]:
    return (
        text_input("name", "Name of the project.", required=required),
        integer_input("budget_hours", "Budget in hours.", 0, _MAX_BUDGET_HOURS),
    )


def project_routes(dependencies: Dependencies, included: IncludedResources) -> tuple[Route, ...]:
    """The routes of projects."""
    views = ResourceViews(included, PROJECTS)
    projects = Projects(dependencies)
    return (
        views.list(InMemoryList(PROJECTS, projects.read), EVERYONE),
        views.show(projects.show, EVERYONE),
        views.create(projects.create, ADMINS, _inputs(required=True)),
        views.update(projects.update, ADMINS, _inputs(required=False)),
        views.delete(projects.delete, ADMINS),
    )


PROJECTS_REGISTRATION = Registration(PROJECTS, project_routes, is_personal=False)
