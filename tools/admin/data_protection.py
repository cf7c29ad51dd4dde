"""Export and erase a person's data (GDPR).

Reads the tables themselves with strong consistency, never an index: an index may lag, and no record
may be missing. Each command reads whole tables, which is acceptable because it is rare.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from pynamodb.exceptions import DeleteError, UpdateError

from chalicelib.api_tokens.authentication import REMEMBERED_SECONDS
from chalicelib.api_tokens.operations import ApiTokens
from chalicelib.core.errors import RecordNotFound
from chalicelib.core.idempotency import KeptOutcome
from chalicelib.core.timestamps import format_instant
from chalicelib.core.unit_of_work import Decision, settle
from chalicelib.domain.directory import ApiToken, Caller, Person, TokenList
from chalicelib.domain.records import changed
from chalicelib.domain.timers import TimeEntry, Timer
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import translated
from chalicelib.dynamodb.items import read_kept, read_noun
from chalicelib.dynamodb.tables import (
    AttemptModel,
    KeptOutcomeModel,
    RevisionModel,
    TimeEntryModel,
    TimerModel,
)
from chalicelib.jsonapi.documents import encode
from chalicelib.people.operations import People
from chalicelib.people.rules import erased, is_erased
from chalicelib.store.reads import RawItem
from chalicelib.time_entries.operations import TimeEntries
from chalicelib.time_entries.purge_deleted import clear_deleted
from chalicelib.time_entries.rules import Revision
from tools.admin import output
from tools.admin.context import Desk

_OF_PERSON = "organization_id = :organization AND person_id = :person"
_IDEMPOTENCY_RECORDS = "begins_with(person_key, :organization) AND begins_with(#name, :kept)"


@dataclass(frozen=True, slots=True)
class KeptItem:
    """An idempotency record with its item.

    ``own`` if the person sent the request; otherwise another person's request returned data about
    the person.
    """

    raw: RawItem
    kept: KeptOutcome
    own: bool

    @property
    def model(self) -> KeptOutcomeModel:
        """The item, as a model."""
        return KeptOutcomeModel.from_raw_data(self.raw)


def kept_outcomes(desk: Desk, person: Person) -> Iterator[KeptItem]:
    """Yield the idempotency records of the person, and those of others with the person's data."""
    organization = keys.scoped(person.organization_id, "")
    own_key = keys.scoped(person.organization_id, person.id)
    pages = desk.scan(
        KeptOutcomeModel,
        _IDEMPOTENCY_RECORDS,
        organization=organization,
        kept=keys.kept_outcome(""),
    )
    for raw in (item for page in pages for item in page):
        record = read_kept(raw)
        own = raw["person_key"]["S"] == own_key
        if record is not None and (own or _contains(record.outcome, person)):
            yield KeptItem(raw, record, own)


def time_entries(desk: Desk, person: Person) -> Iterator[TimeEntry]:
    """Return the person's time entries."""
    values = {"organization": person.organization_id, "person": person.id}
    items = output.counted(desk.scan(TimeEntryModel, _OF_PERSON, **values), "time entries")
    return (read_noun(TimeEntry, raw) for raw in items)


def timers(desk: Desk, person: Person) -> Iterator[Timer]:
    """Return the person's timers."""
    values = {"organization": person.organization_id, "person": person.id}
    items = output.counted(desk.scan(TimerModel, _OF_PERSON, **values), "timers")
    return (read_noun(Timer, raw) for raw in items)


def revisions(desk: Desk, person: Person) -> Iterator[tuple[RawItem, Revision, bool]]:
    """Yield manual edits of the person's time entries, and the person's edits of others' entries.

    Each with its item, and whether its time entry belongs to the person. Includes deleted entries:
    the revision of a deletion names the entry's person.
    """
    entry_ids = {entry.id for entry in time_entries(desk, person)}
    all_revisions = [
        (raw, read_noun(Revision, raw))
        for page in desk.scan(
            RevisionModel, "organization_id = :organization", organization=person.organization_id
        )
        for raw in page
    ]
    for _, revision in all_revisions:
        if person.id in (revision.before.get("person_id"), revision.after.get("person_id")):
            entry_ids.add(revision.time_entry_id)
    for raw, revision in all_revisions:
        about = revision.time_entry_id in entry_ids
        if about or revision.person_id == person.id:
            yield raw, revision, about


def deliveries(desk: Desk, person: Person) -> Iterator[tuple[AttemptModel, dict[str, Any]]]:
    """Yield failed webhook deliveries about the person, with their bodies; stored for 14 days."""
    condition = "organization_id = :organization AND attribute_exists(body)"
    for page in desk.scan(AttemptModel, condition, organization=person.organization_id):
        for raw in page:
            item = AttemptModel.from_raw_data(raw)
            body: dict[str, Any] = json.loads(item.body or "{}")
            if body.get("person_id") == person.id:
                yield item, body


def export(desk: Desk, caller: Caller, person: Person) -> Iterator[str]:
    """Yield the pieces of one JSON document with all data about a person.

    Each record is read with strong consistency; together they are consistent only if the person
    does nothing meanwhile. Counters are not included: the exported timers determine them.
    """
    organization, zone = caller.organization, caller.organization.zone
    names = [(TokenList, person.id)]
    records = desk.tools.store.look(organization.id, names, slots=[person.id])
    token_list = records.record(TokenList, person.id)
    single = {
        "exported_at": format_instant(desk.tools.now(), zone),
        "organization": output.plain(organization, zone),
        "person": output.plain(person, zone),
        "tokens": [
            output.plain(token, zone) for token in (token_list.tokens if token_list else ())
        ],
        "person_state": output.plain(records.slots[person.id], zone),
    }
    lists: dict[str, Iterable[Any]] = {
        "idempotency_records": (_metadata(item, zone) for item in kept_outcomes(desk, person)),
        "time_entries": (_entry(entry, zone) for entry in time_entries(desk, person)),
        "timers": (output.plain(timer, zone) for timer in timers(desk, person)),
        "revisions": (_revision(revision, zone) for _, revision, _ in revisions(desk, person)),
        "deliveries": (_delivery(*delivery, zone) for delivery in deliveries(desk, person)),
    }
    yield "{\n"
    for name, value in single.items():
        yield f"{json.dumps(name)}: {_dumps(value)},\n"
    separator = ""
    for name, values in lists.items():
        yield f"{separator}{json.dumps(name)}: ["
        separator = ""
        for value in values:
            yield f"{separator}\n  {_dumps(value)}"
            separator = ","
        yield "\n]"
        separator = ",\n"
    yield "\n}\n"


def erase(
    desk: Desk, caller: Caller, person: Person, *, notes: bool, times: bool
) -> dict[str, int]:
    """Overwrite or remove the personal data of a deactivated person; return counts by description.

    Each write is independent and safe to repeat. The person's own record is written last: until
    then, the person can still be found by the old e-mail address.
    """
    _wait_for_token_caches(desk, person)
    counts = {"tokens revoked": _revoke(desk, caller, person)}
    counts |= _erase_idempotency_records(desk, person, notes=notes or times)
    if times:
        counts["time entries deleted"] = _delete_times(desk, caller, person)
    if notes or times:
        counts["notes removed"] = _erase_notes(desk, person)
        counts["revisions overwritten"] = _erase_revised_notes(desk, person)
        counts["deliveries overwritten"] = _erase_delivered_notes(desk, person)
    was_erased = is_erased(person)
    People(desk.tools).change(caller, person.id, erased(person))
    counts["records overwritten"] = 0 if was_erased else 1
    return counts


def _delete_times(desk: Desk, caller: Caller, person: Person) -> int:
    """Delete time entries one by one, as the API does, and purge what a deletion left over."""
    entries = [entry.id for entry in time_entries(desk, person) if entry.deleted_at is None]
    for entry_id in output.progress(entries, "deleting time entries"):
        try:
            TimeEntries(desk.tools).delete(caller, entry_id)
        except RecordNotFound:
            continue
    # The next scheduled run purges what this one leaves.
    clear_deleted(desk.tools)
    return len(entries)


def _erase_revised_notes(desk: Desk, person: Person) -> int:
    """Erase former notes of time entries; the revision stays."""
    overwritten = 0
    for raw, revision, about in list(revisions(desk, person)):
        values = revision.before, revision.after
        if not about or not any(value.get("note") for value in values):
            continue
        model = RevisionModel.from_raw_data(raw)
        before, after = ({**value, "note": None} if "note" in value else value for value in values)
        overwritten += _write_if_unchanged(
            model.update,
            actions=[RevisionModel.before.set(before), RevisionModel.after.set(after)],
            # Revisions expire after ten years.
            condition=RevisionModel.time_entry_key.exists(),
        )
    return overwritten


def _erase_delivered_notes(desk: Desk, person: Person) -> int:
    """Erase notes in webhook events that can still be replayed."""
    overwritten = 0
    for item, body in list(deliveries(desk, person)):
        attributes = body["data"].get("attributes", {})
        if attributes.get("note"):
            attributes["note"] = None
            overwritten += _write_if_unchanged(
                item.update,
                actions=[AttemptModel.body.set(encode(body))],
                condition=AttemptModel.body.exists(),
            )
    return overwritten


def _wait_for_token_caches(desk: Desk, person: Person) -> None:
    """Wait until no running function caches the person's tokens, up to a minute.

    With a cached token, the person could still write data that is being erased.
    """
    if person.deactivated_at is None:
        raise AssertionError("the person must be deactivated before the erasure")
    seconds = person.deactivated_at + REMEMBERED_SECONDS - desk.tools.now()
    if seconds > 0:
        output.say(f"waiting {seconds} seconds, until no running function caches the tokens ...")
        desk.tools.pause(seconds)


def _revoke(desk: Desk, caller: Caller, person: Person) -> int:
    """Revoke any token that is left; deactivation normally revokes all."""
    tokens = [token for token in ApiTokens(desk.tools).read(caller) if token.person_id == person.id]
    for token in tokens:
        try:
            ApiTokens(desk.tools).revoke(caller, token.id)
        except RecordNotFound:
            continue
    return len(tokens)


def _erase_idempotency_records(desk: Desk, person: Person, *, notes: bool) -> dict[str, int]:
    """Remove the person's idempotency records, and overwrite the person's data in others' records.

    Others' records must stay: without them, a repeated request would run again.
    """
    removed = overwritten = 0
    for item in kept_outcomes(desk, person):
        if item.own:
            removed += _write_if_unchanged(item.model.delete)
            continue
        after = _redacted(item.kept.outcome, person, notes=notes)
        if after != item.kept.outcome:
            model = item.model
            text = msgspec.json.encode(after).decode()
            overwritten += _write_if_unchanged(
                model.update,
                actions=[KeptOutcomeModel.outcome.set(text)],
                # The record may have expired, and its key may be in use with another response.
                condition=KeptOutcomeModel.outcome == model.outcome,
            )
    return {
        "idempotency records removed": removed,
        "idempotency records overwritten": overwritten,
    }


def _write_if_unchanged(write: Any, **arguments: Any) -> int:
    try:
        with translated():
            write(**arguments)
    except (UpdateError, DeleteError) as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        return 0
    return 1


def _erase_notes(desk: Desk, person: Person) -> int:
    entry_ids = [entry.id for entry in time_entries(desk, person) if entry.note is not None]
    for entry_id in output.progress(entry_ids, "removing notes"):
        _erase_note(desk, person, entry_id)
    return len(entry_ids)


def _erase_note(desk: Desk, person: Person, entry_id: int) -> None:
    def decide() -> Decision[None]:
        records = desk.tools.store.look(person.organization_id, [(TimeEntry, entry_id)])
        entry = records.record(TimeEntry, entry_id)
        if entry is None or entry.note is None:
            return Decision(None)
        after = replace(entry, note=None, version=entry.version + 1)
        return Decision(None, records=changed(entry, after, "version"))

    settle(desk.tools, None, decide)


def _contains(outcome: Any, person: Person) -> bool:
    match outcome:
        case Person():
            return outcome.id == person.id
        case ApiToken() | TimeEntry():
            return outcome.person_id == person.id
    return False


def _redacted(outcome: Any, person: Person, *, notes: bool) -> Any:
    match outcome:
        case Person():
            return replace(outcome, **erased(person))
        case ApiToken():
            return replace(outcome, name="erased")
        case TimeEntry() if notes:
            return replace(outcome, note=None)
    return outcome


def _metadata(item: KeptItem, zone: Any) -> Mapping[str, Any]:
    return {
        "kind": type(item.kept.outcome).__name__,
        "sent_by_person": item.own,
        "expires_at": format_instant(item.kept.expires_at, zone),
    }


def _entry(entry: TimeEntry, zone: Any) -> dict[str, Any]:
    return {**output.plain(entry, zone), "time": entry.time, "billable_time": entry.billable_time}


def _revision(revision: Revision, zone: Any) -> dict[str, Any]:
    changed_values = {"before": dict(revision.before), "after": dict(revision.after)}
    return {**output.plain(revision, zone), **changed_values}


def _delivery(item: AttemptModel, body: Mapping[str, Any], zone: Any) -> dict[str, Any]:
    return {
        "webhook_id": item.webhook_id,
        "at": format_instant(item.at, zone),
        "status": item.fate.value,
        "body": body,
    }


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
