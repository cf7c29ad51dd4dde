"""Which values a revision contains, and how the values after a change are stored."""

from collections.abc import Mapping

from chalicelib.revisions.model import ManualEdit, RevisedRecord, Revision, RevisionAction, Values

MIN_SHARED_LENGTH = 40
"""Below it, the form with two lengths saves nothing."""

TextChange = tuple[int, int, str]
"""How many characters at the start and at the end of a text stay, and the text between them."""

StoredValues = Mapping[str, str | int | TextChange | None]


def revision_of(
    record: RevisedRecord, edit: ManualEdit, before: Values, after: Values | None
) -> Revision:
    """Return the revision of a change; only values that differ are in it.

    :param before: the editable values of the record, by their public names.
    :param after: the same values after the change; None: the record is deleted.
    """
    new = dict.fromkeys(before) if after is None else after
    changed = [name for name, value in before.items() if value != new[name]]
    return Revision(
        id=edit.revision_id,
        organization_id=record.organization_id,
        subject=record.subject,
        subject_id=record.id,
        time_entry_id=record.time_entry_id,
        person_id=record.person_id,
        creator_id=edit.person_id,
        token_id=edit.token_id,
        action=RevisionAction.DELETED if after is None else RevisionAction.UPDATED,
        created_at=edit.now,
        before={name: before[name] for name in changed},
        after={name: new[name] for name in changed},
    )


def shortened(before: Values, after: Values) -> StoredValues:
    """Return the values after a change as they are stored.

    The start and the end of a long text that did not change are stored once, in ``before``.
    """
    return {name: _shortened_value(before.get(name), value) for name, value in after.items()}


def restored(before: Values, stored: StoredValues) -> Values:
    """Return the values after a change, from what :func:`shortened` returned."""
    return {
        name: _with_change(str(before[name]), value) if isinstance(value, tuple) else value
        for name, value in stored.items()
    }


def _shortened_value(
    before: str | int | None, after: str | int | None
) -> str | int | TextChange | None:
    if not isinstance(before, str) or not isinstance(after, str):
        return after
    start = _common_length(before, after)
    end = _common_length(before[start:][::-1], after[start:][::-1])
    if start + end < MIN_SHARED_LENGTH:
        return after
    return start, end, after[start : len(after) - end]


def _common_length(first: str, second: str) -> int:
    pairs = enumerate(zip(first, second, strict=False))
    shorter = min(len(first), len(second))
    return next((index for index, (one, other) in pairs if one != other), shorter)


def _with_change(before: str, change: TextChange) -> str:
    start, end, text = change
    return before[:start] + text + before[len(before) - end :]
