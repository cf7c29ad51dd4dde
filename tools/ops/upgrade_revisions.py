"""Convert revisions of version 0.2.0, from the table ``revisions`` to the table ``revision_log``.

The items of the old table have neither their subject nor the person whose time was changed. The
creator is their ``person_id``. Pure. Decision 0023.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from chalicelib.dynamodb.connection import RawItem
from chalicelib.dynamodb.items import to_item
from chalicelib.revisions.model import Revision, RevisionAction, RevisionSubject

OLD_TABLE = "revisions"
"""The name of the old table, without the prefix of the stage. No model declares it any more."""


def upgraded_items(old_items: Sequence[RawItem], person_id: int | None) -> list[RawItem]:
    """Convert all revisions of one time entry. They may be in any order.

    :param person_id: the entry's present person; None: the entry is deleted, and its last revision
        names the person.
    :raises ValueError: if no revision names the person of a deleted entry.
    """
    items: list[RawItem] = []
    for old_item in sorted(old_items, key=lambda item: int(item["id"]["N"]), reverse=True):
        person_id = _values(old_item, "before").get("person_id", person_id)
        if person_id is None:
            raise ValueError(f"revision {old_item['id']['N']}: its person is unknown")
        items.append(upgraded_item(old_item, person_id))
    return items


def upgraded_item(old_item: RawItem, person_id: int) -> RawItem:
    """Convert a revision. ``person_id`` is whose time it was before the change."""
    time_entry_id = _integer(old_item, "time_entry_id")
    revision = Revision(
        id=_integer(old_item, "id"),
        organization_id=_integer(old_item, "organization_id"),
        subject=RevisionSubject.TIME_ENTRY,
        subject_id=time_entry_id,
        time_entry_id=time_entry_id,
        person_id=person_id,
        creator_id=_integer(old_item, "person_id"),
        token_id=None,
        action=RevisionAction(old_item["act"]["S"]),
        created_at=_integer(old_item, "created_at"),
        before=_values(old_item, "before"),
        after=_values(old_item, "after"),
    )
    item: RawItem = to_item(revision).serialize()
    return item


def _integer(item: RawItem, name: str) -> int:
    return int(item[name]["N"])


def _values(item: RawItem, name: str) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.json.decode(item[name]["S"])
    return values
