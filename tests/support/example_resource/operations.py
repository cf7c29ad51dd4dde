"""Create, show, list, update and delete campaigns."""

from collections.abc import Mapping
from typing import Any

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import Caller, ViewPolicy, Visibility
from chalicelib.core.record_operations import RecordOperations
from chalicelib.core.unit_of_work import Result
from chalicelib.core.write_options import WriteOptions
from tests.support.example_resource.model import Campaign

VIEW_CAMPAIGN: ViewPolicy[Campaign] = ViewPolicy(Visibility.EVERYONE, lambda _: None)


class Campaigns:
    """Operations on campaigns."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._records = RecordOperations(dependencies, Campaign, VIEW_CAMPAIGN)
        self.show, self.read = self._records.show, self._records.read
        self.update, self.delete = self._records.update, self._records.delete

    def create(
        self, caller: Caller, values: Mapping[str, Any], options: WriteOptions
    ) -> Result[Campaign]:
        """Create a campaign. One call, or two with a key."""
        organization_id = caller.organization.id

        def build(campaign_id: int) -> Campaign:
            return Campaign(id=campaign_id, organization_id=organization_id, **values)

        return self._records.create(caller, build, options)
