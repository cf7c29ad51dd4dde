"""Campaigns over HTTP."""

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
from tests.support.example_resource.model import Campaign
from tests.support.example_resource.operations import VIEW_CAMPAIGN, Campaigns

_MAX_BUDGET_HOURS = 100_000


def _example() -> Campaign:
    return Campaign(31, example.ORGANIZATION, "Website", 120)


CAMPAIGNS: Resource[Campaign] = Resource(
    type="campaigns",
    singular="campaign",
    description="A campaign that services are sold for.",
    entity=Campaign,
    view=VIEW_CAMPAIGN,
    example=_example,
    id=lambda campaign: campaign.id,
    attributes=(
        Attribute("name", Kind.TEXT, lambda campaign: campaign.name, "Name of the campaign."),
        Attribute(
            "budget_hours",
            Kind.INTEGER,
            lambda campaign: campaign.budget_hours,
            "Budget in hours. Null: no budget.",
            nullable=True,
        ),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda campaign: campaign.organization_id,
            "Organization of the campaign.",
            always=True,
        ),
    ),
    includes=("organization",),
    filters=(
        Filter("id", FilterKind.ID, "Id of the campaign.", lambda campaign: campaign.id),
        Filter("name", FilterKind.TEXT, "Name of the campaign.", lambda campaign: campaign.name),
    ),
    sorts=("name",),
    orders={"name": lambda campaign: campaign.name},
)


def _inputs(required: bool) -> tuple[Input, ...]:
    return (
        text_input("name", "Name of the campaign.", required=required),
        integer_input("budget_hours", "Budget in hours.", 0, _MAX_BUDGET_HOURS),
    )


def campaign_routes(dependencies: Dependencies, included: IncludedResources) -> tuple[Route, ...]:
    """The routes of campaigns."""
    views = ResourceViews(included, CAMPAIGNS)
    campaigns = Campaigns(dependencies)
    return (
        views.list(InMemoryList(CAMPAIGNS, campaigns.read), EVERYONE),
        views.show(campaigns.show, EVERYONE),
        views.create(campaigns.create, ADMINS, _inputs(required=True)),
        views.update(campaigns.update, ADMINS, _inputs(required=False)),
        views.delete(campaigns.delete, ADMINS),
    )


CAMPAIGNS_REGISTRATION = Registration(CAMPAIGNS, campaign_routes, is_personal=False)
