"""Which values a revision contains."""

from chalicelib.revisions.model import ManualEdit, RevisedRecord, Revision, RevisionAction, Values


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
