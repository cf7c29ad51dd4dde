"""Revisions of version 0.2.0 in the form of today."""

import json
from typing import Any

import pytest

from chalicelib.dynamodb.items import from_item, to_item
from chalicelib.revisions.model import Revision, RevisionAction, RevisionSubject
from tests.support.fixtures import ADMIN, MEMBER, OTHER_MEMBER
from tools.ops.upgrade_revisions import upgraded_item, upgraded_items

ENTRY = 364


def old_item(
    id_: int, before: dict[str, Any], after: dict[str, Any], act: str = "updated"
) -> dict[str, dict[str, Any]]:
    """An item as version 0.2.0 wrote it."""
    return {
        "time_entry_key": {"S": f"2149#{ENTRY}"},
        "revision_key": {"S": f"{id_:016d}"},
        "id": {"N": str(id_)},
        "organization_id": {"N": "2149"},
        "time_entry_id": {"N": str(ENTRY)},
        "person_id": {"N": str(ADMIN)},
        "act": {"S": act},
        "created_at": {"N": str(1_772_438_400 + id_)},
        "before": {"S": json.dumps(before)},
        "after": {"S": json.dumps(after)},
        "expires_at": {"N": "2088666000"},
    }


def test_revision_gets_its_subject_its_person_and_its_creator() -> None:
    item = upgraded_item(old_item(7, {"note": "čaj ☕"}, {"note": None}), MEMBER)
    revision = Revision(
        id=7,
        organization_id=2149,
        subject=RevisionSubject.TIME_ENTRY,
        subject_id=ENTRY,
        time_entry_id=ENTRY,
        person_id=MEMBER,
        creator_id=ADMIN,
        token_id=None,
        action=RevisionAction.UPDATED,
        created_at=1_772_438_407,
        before={"note": "čaj ☕"},
        after={"note": None},
    )
    assert from_item(Revision, item) == revision
    # The same item as a new revision: keys and expiry included.
    assert item == to_item(revision).serialize()


def test_person_of_each_revision_is_the_one_before_the_change() -> None:
    items = [
        old_item(1, {"time": 0}, {"time": 10}),
        old_item(2, {"person_id": MEMBER}, {"person_id": OTHER_MEMBER}),
        old_item(3, {"time": 10}, {"time": 20}),
    ]
    people = [item["person_id"]["N"] for item in upgraded_items(items, OTHER_MEMBER)]
    assert people == [str(OTHER_MEMBER), str(MEMBER), str(MEMBER)]


def test_revision_of_a_deletion_names_the_person() -> None:
    items = [
        old_item(
            3, {"time": 20, "person_id": MEMBER}, {"time": None, "person_id": None}, "deleted"
        ),
        old_item(1, {"time": 0}, {"time": 20}),
    ]
    people = [item["person_id"]["N"] for item in upgraded_items(items, None)]
    assert people == [str(MEMBER), str(MEMBER)]


def test_unknown_person_is_an_error() -> None:
    with pytest.raises(ValueError, match="revision 1"):
        upgraded_items([old_item(1, {"time": 0}, {"time": 20})], None)
