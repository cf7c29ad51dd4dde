"""Services, people, and the organizations of a token."""

from stint_client.errors import UnexpectedResponse
from stint_client.generated.api.organization_memberships import list_organization_memberships
from stint_client.generated.api.people import list_people, show_person
from stint_client.generated.api.services import list_services, show_service
from stint_client.generated.api.users import list_users
from stint_client.generated.client import AuthenticatedClient
from stint_client.generated.models import (
    ListPeopleSort,
    ListServicesSort,
    OrganizationMembership,
    OrganizationMembershipInclude,
    OrganizationMembershipList,
    Person,
    PersonDocument,
    PersonList,
    Service,
    ServiceDocument,
    ServiceList,
    User,
    UserList,
)
from stint_client.generated.types import UNSET
from stint_client.responses import call, parsed
from stint_client.results import PAGE_SIZE, Listing, Result, given, result


class Services:
    """Read services: what people work on."""

    def __init__(self, api: AuthenticatedClient) -> None:
        self._api = api

    def list(
        self,
        *,
        query: str | None = None,
        time_tracking_enabled: bool | None = None,
        archived: bool = False,
        sort: ListServicesSort | str = "name",
        page_size: int = PAGE_SIZE,
    ) -> Listing[Service]:
        """Return the services of the organization.

        :param query: words of the name.
        :param time_tracking_enabled: True: those that take time.
        :param archived: True: those that are archived, instead of the others.
        """
        order = ListServicesSort(sort)

        def read_page(cursor: str) -> ServiceList:
            response = call(
                list_services.sync_detailed,
                client=self._api,
                filterquery=given(query),
                filtertime_tracking_enabled=given(time_tracking_enabled),
                filterarchived=archived,
                sort=order,
                pageafter=cursor,
                pagesize=page_size,
            )
            return parsed(response, ServiceList)

        return Listing(read_page)

    def get(self, service_id: str) -> Result[Service]:
        """Return a service, also an archived one."""
        response = call(show_service.sync_detailed, service_id, client=self._api)
        return result(response, parsed(response, ServiceDocument))


class People:
    """Read people."""

    def __init__(self, api: AuthenticatedClient) -> None:
        self._api = api

    def list(
        self,
        *,
        query: str | None = None,
        email: str | None = None,
        sort: ListPeopleSort | str = "name",
        page_size: int = PAGE_SIZE,
    ) -> Listing[Person]:
        """Return the people of the organization.

        :param query: words of the name or of the email address.
        """
        order = ListPeopleSort(sort)

        def read_page(cursor: str) -> PersonList:
            response = call(
                list_people.sync_detailed,
                client=self._api,
                filterquery=given(query),
                filteremail=given(email),
                sort=order,
                pageafter=cursor,
                pagesize=page_size,
            )
            return parsed(response, PersonList)

        return Listing(read_page)

    def get(self, person_id: str) -> Result[Person]:
        """Return a person."""
        response = call(show_person.sync_detailed, person_id, client=self._api)
        return result(response, parsed(response, PersonDocument))


class Organizations:
    """The organizations of a token, and its person. Needs no organization id."""

    def __init__(self, api: AuthenticatedClient) -> None:
        self._api = api

    def memberships(self) -> Listing[OrganizationMembership]:
        """Return the memberships of the token's person, with ``organization`` and ``person``."""
        include = [
            OrganizationMembershipInclude.ORGANIZATION,
            OrganizationMembershipInclude.PERSON,
        ]

        def read_page(cursor: str) -> OrganizationMembershipList:
            response = call(
                list_organization_memberships.sync_detailed,
                client=self._api,
                pageafter=cursor,
                pagesize=PAGE_SIZE,
                include=include,
            )
            return parsed(response, OrganizationMembershipList)

        return Listing(read_page)

    def me(self) -> User:
        """Return the person of the token."""
        response = call(list_users.sync_detailed, client=self._api, pagesize=1, include=UNSET)
        for user in parsed(response, UserList).data:
            return user
        raise UnexpectedResponse("The token has no user.", response.status_code)
