"""What most resources need: show a record, list a kind, create one, change one, delete one.

A resource of the directory is its declaration, its inputs and these. Whatever has rules of its own
decides for itself and settles in the same way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import RecordNotFound
from chalicelib.core.idempotency import RequestKey
from chalicelib.core.permissions import may_see
from chalicelib.core.unit_of_work import Answer, Decision, replay, settle
from chalicelib.domain.directory import Caller
from chalicelib.domain.records import CreateRecord, DeleteRecord, changed
from chalicelib.jsonapi.in_memory_list import SmallList
from chalicelib.jsonapi.resource import AnyResource
from chalicelib.registry import RECORDS


def show_record(tools: Toolbox, resource: AnyResource) -> Callable[[Caller, int], Any]:
    """Finds a record that the caller may see, by its id. One call.

    Raises :class:`RecordNotFound` for any other id.
    """
    kind = RECORDS[resource.type]

    def show(caller: Caller, record_id: int) -> Any:
        found = tools.store.look(caller.organization.id, [(kind, record_id)])
        return visible(caller, resource, found.record(kind, record_id))

    return show


def visible(caller: Caller, resource: AnyResource, record: Any) -> Any:
    """The record, if there is one and the caller may see it. Raises :class:`RecordNotFound`."""
    if record is None or not may_see(caller, resource.visibility, resource.owner(record)):
        raise RecordNotFound
    return record


def directory_list(tools: Toolbox, resource: AnyResource) -> SmallList[Any]:
    """A kind of the directory as a list. One call: for the ids that are asked for, or for each MB
    of the kind. Raises ``QueryTooBroad`` where it is more than 5 MB."""
    kind = RECORDS[resource.type]

    def read(caller: Caller, ids: frozenset[int] | None) -> Sequence[Any]:
        if ids is None:
            return tools.store.directory(kind, caller.organization.id)
        wanted = [(kind, record_id) for record_id in ids]
        return list(tools.store.look(caller.organization.id, wanted).records.values())

    return SmallList(resource, read)


def create_record(
    tools: Toolbox, make: Callable[[Caller, Mapping[str, Any]], Any]
) -> Callable[[Caller, Mapping[str, Any], RequestKey | None], Answer[Any]]:
    """Creates what ``make`` makes of the values that were given. One call, or two with a key.

    Its id is drawn anew by ``make`` where it is taken.
    """

    def create(caller: Caller, values: Mapping[str, Any], key: RequestKey | None) -> Answer[Any]:
        def decide() -> Decision[Any] | Answer[Any]:
            kept = tools.store.look(caller.organization.id, key=key).kept
            replayed = replay(kept, key, tools.now())
            if replayed is not None:
                return replayed
            record = make(caller, values)
            return Decision(record, records=(CreateRecord(record),))

        return settle(tools, key, decide)

    return create


def change_record(
    tools: Toolbox, resource: AnyResource, change: Callable[[Any], Mapping[str, Any]] | None = None
) -> Callable[[Caller, int, Mapping[str, Any]], Answer[Any]]:
    """Changes a record by the values that were given, or by what ``change`` makes of it.

    Two calls; one where nothing changes. Others may change other values at the same time.
    """
    kind = RECORDS[resource.type]

    def update(caller: Caller, record_id: int, values: Mapping[str, Any]) -> Answer[Any]:
        def decide() -> Decision[Any] | Answer[Any]:
            found = tools.store.look(caller.organization.id, [(kind, record_id)])
            record = visible(caller, resource, found.record(kind, record_id))
            after = replace(record, **(values if change is None else change(record)))
            return Decision(after, records=changed(record, after))

        return settle(tools, None, decide)

    return update


def delete_record(tools: Toolbox, resource: AnyResource) -> Callable[[Caller, int], None]:
    """Deletes a record. Two calls. Raises :class:`RecordNotFound` where there is none."""
    kind = RECORDS[resource.type]

    def delete(caller: Caller, record_id: int) -> None:
        def decide() -> Decision[None]:
            organization_id = caller.organization.id
            found = tools.store.look(organization_id, [(kind, record_id)])
            visible(caller, resource, found.record(kind, record_id))
            return Decision(None, records=(DeleteRecord(kind, organization_id, record_id),))

        settle(tools, None, decide)

    return delete
