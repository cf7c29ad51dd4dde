"""Export and erase a person's data (GDPR).

Reads the tables themselves with strong consistency, never an index: an index may lag, and no record
may be missing. Each command reads whole tables, which is acceptable because it is rare.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace
from pynamodb.exceptions import DeleteError, UpdateError
from pynamodb.models import Model

from chalicelib.admin_revisions.model import AdminRevision
from chalicelib.admin_revisions.repository import AdminRevisionModel
from chalicelib.api_tokens.authentication import CALLER_CACHE_SECONDS, COMMIT_SECONDS
from chalicelib.api_tokens.model import ApiToken, PersonTokens
from chalicelib.api_tokens.operations import ApiTokens
from chalicelib.core.errors import RecordNotFound
from chalicelib.core.idempotency import IdempotencyRecord
from chalicelib.core.permissions import Caller
from chalicelib.core.timestamps import format_timestamp
from chalicelib.core.unit_of_work import Attempt, Decision, commit_with_retry
from chalicelib.core.write_options import NO_OPTIONS
from chalicelib.core.write_set import changed
from chalicelib.deliveries.repository import DeliveryAttemptModel
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import RawItem, translate_errors
from chalicelib.dynamodb.idempotency_records import IdempotencyModel, read_idempotency_record
from chalicelib.dynamodb.items import from_item
from chalicelib.jsonapi.documents import encode
from chalicelib.live.model import LiveConnections, LiveTicket
from chalicelib.live.repository import LiveConnectionsModel, LiveTicketModel
from chalicelib.organizations.periods import is_closed_date, is_closed_start
from chalicelib.pairings.model import Pairing
from chalicelib.pairings.repository import PairingModel
from chalicelib.people.model import Person
from chalicelib.people.operations import People
from chalicelib.people.rules import erasure_values
from chalicelib.revisions.model import Revision
from chalicelib.revisions.repository import RevisionModel
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.operations import TimeEntries
from chalicelib.time_entries.purge_deleted import PurgeDeleted
from chalicelib.time_entries.repository import TimeEntryModel
from chalicelib.timers.model import PersonState, Timer
from chalicelib.timers.repository import TimerModel
from tools.admin import output
from tools.admin.context import AdminContext

DELIVERY_TIMEOUT_SECONDS = 60
"""The timeout of the delivery worker: so long it may work with what it read before."""

_OF_PERSON = "organization_id = :organization AND person_id = :person"
_IDEMPOTENCY_RECORDS = "begins_with(person_key, :organization) AND begins_with(#name, :prefix)"


@dataclass(frozen=True, slots=True)
class IdempotencyItem:
    """An idempotency record with its item.

    ``own`` if the person sent the request; otherwise another person's request returned data about
    the person.
    """

    raw: RawItem
    record: IdempotencyRecord
    own: bool

    @property
    def model(self) -> IdempotencyModel:
        """The item, as a model."""
        return IdempotencyModel.from_raw_data(self.raw)


def idempotency_records(context: AdminContext, person: Person) -> Iterator[IdempotencyItem]:
    """Yield the idempotency records of the person, and those of others with the person's data."""
    organization = keys.scoped(person.organization_id, "")
    own_key = keys.scoped(person.organization_id, person.id)
    pages = context.scan(
        IdempotencyModel,
        _IDEMPOTENCY_RECORDS,
        organization=organization,
        prefix=keys.idempotency(""),
    )
    for raw in (item for page in pages for item in page):
        record = read_idempotency_record(raw)
        own = raw["person_key"]["S"] == own_key
        if own or _contains(record.outcome, person):
            yield IdempotencyItem(raw, record, own)


def pairings(context: AdminContext, person: Person) -> Iterator[tuple[PairingModel, Pairing]]:
    """Yield the person's pairing codes, with their items; DynamoDB deletes them after they end."""
    condition = "organization_id = :organization AND person_id = :person AND #name = :pairing"
    values = {"organization": person.organization_id, "person": person.id}
    for page in context.scan(PairingModel, condition, **values, pairing=keys.PAIRING):
        for raw in page:
            yield PairingModel.from_raw_data(raw), from_item(Pairing, raw)


def live_updates(
    context: AdminContext, person: Person
) -> Iterator[tuple[Model, LiveTicket | LiveConnections]]:
    """Yield tickets and connections of the person, with their items; DynamoDB deletes them, too."""
    values = {"organization": person.organization_id, "person": person.id}
    stored: tuple[tuple[type[Model], type[Any], str], ...] = (
        (LiveTicketModel, LiveTicket, keys.LIVE_TICKET),
        (LiveConnectionsModel, LiveConnections, keys.LIVE_CONNECTIONS),
    )
    for model, entity, name in stored:
        for page in context.scan(model, f"{_OF_PERSON} AND #name = :kind", **values, kind=name):
            for raw in page:
                yield model.from_raw_data(raw), from_item(entity, raw)


def time_entries(context: AdminContext, person: Person) -> Iterator[TimeEntry]:
    """Return the person's time entries."""
    values = {"organization": person.organization_id, "person": person.id}
    items = output.counted(context.scan(TimeEntryModel, _OF_PERSON, **values), "time entries")
    return (from_item(TimeEntry, raw) for raw in items)


def timers(context: AdminContext, person: Person) -> Iterator[Timer]:
    """Return the person's timers."""
    values = {"organization": person.organization_id, "person": person.id}
    items = output.counted(context.scan(TimerModel, _OF_PERSON, **values), "timers")
    return (from_item(Timer, raw) for raw in items)


def revisions(context: AdminContext, person: Person) -> Iterator[tuple[RawItem, Revision, bool]]:
    """Yield manual changes of the person's time, and the person's changes of others' time.

    Each with its item, and whether it changed the person's time: also where a time entry was
    assigned to the person. Includes changes of deleted timers and time entries.
    """
    condition = "organization_id = :organization AND attribute_exists(time_entry_id)"
    for page in context.scan(RevisionModel, condition, organization=person.organization_id):
        for raw in page:
            revision = from_item(Revision, raw)
            about = person.id in (revision.person_id, revision.after.get("person_id"))
            if about or revision.creator_id == person.id:
                yield raw, revision, about


def admin_revisions(
    context: AdminContext, person: Person
) -> Iterator[tuple[RawItem, AdminRevision, bool]]:
    """Yield changes of the person and of the person's tokens, and changes that the person made.

    Each with its item, and whether it is about the person.
    """
    condition = "organization_id = :organization AND attribute_exists(subject_type)"
    organization_id = person.organization_id
    for page in context.scan(AdminRevisionModel, condition, organization=organization_id):
        for raw in page:
            revision = from_item(AdminRevision, raw)
            about = revision.person_id == person.id
            if about or revision.creator_id == person.id:
                yield raw, revision, about


def deliveries(
    context: AdminContext, person: Person
) -> Iterator[tuple[DeliveryAttemptModel, dict[str, Any]]]:
    """Yield failed webhook deliveries about the person, with their bodies; stored for 14 days."""
    condition = "organization_id = :organization AND attribute_exists(body)"
    for page in context.scan(DeliveryAttemptModel, condition, organization=person.organization_id):
        for raw in page:
            item = DeliveryAttemptModel.from_raw_data(raw)
            body: dict[str, Any] = json.loads(item.body or "{}")
            if body.get("person_id") == person.id:
                yield item, body


def export(context: AdminContext, caller: Caller, person: Person) -> Iterator[str]:
    """Yield the pieces of one JSON document with all data about a person.

    Each record is read with strong consistency; together they are consistent only if the person
    does nothing meanwhile. Counters are not included: the exported timers determine them.
    """
    organization, zone = caller.organization, caller.organization.zone
    database = context.dependencies.database
    loaded = database.get_many(
        organization.id, [(PersonTokens, person.id), (PersonState, person.id)]
    )
    listed = loaded.get(PersonTokens, person.id)
    single = {
        "exported_at": format_timestamp(context.dependencies.now(), zone),
        "organization": output.plain(organization, zone),
        "person": output.plain(person, zone),
        "tokens": [output.plain(token, zone) for token in (listed.tokens if listed else ())],
        "person_state": output.plain(loaded.require(PersonState, person.id), zone),
    }
    lists: dict[str, Iterable[Any]] = {
        "idempotency_records": (
            _metadata(item, zone) for item in idempotency_records(context, person)
        ),
        "pairings": (output.plain(pairing, zone) for _, pairing in pairings(context, person)),
        "live_updates": (output.plain(each, zone) for _, each in live_updates(context, person)),
        "time_entries": (_entry(entry, zone) for entry in time_entries(context, person)),
        "timers": (output.plain(timer, zone) for timer in timers(context, person)),
        "revisions": (_revision(revision, zone) for _, revision, _ in revisions(context, person)),
        "admin_revisions": (
            output.plain(revision, zone) for _, revision, _ in admin_revisions(context, person)
        ),
        "deliveries": (_delivery(*delivery, zone) for delivery in deliveries(context, person)),
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
    context: AdminContext, caller: Caller, person: Person, *, notes: bool, times: bool
) -> dict[str, int]:
    """Overwrite or remove the personal data of a deactivated person; return counts by description.

    Each write is independent and safe to repeat. The mark is written first: from then on, events
    about the person have only ids. Notes go before what they belong to, because a deletion is an
    event too. The rest of the person's own record is written last: until then, the person can
    still be found by the old e-mail address.
    """
    people = People(context.dependencies)
    person = people.begin_erasure(caller, person.id).outcome
    _wait_for_functions(context, person)
    counts = {"tokens revoked": _revoke(context, caller, person)}
    counts["pairing codes deleted"] = sum(
        _write_if_unchanged(item.delete) for item, _ in pairings(context, person)
    )
    counts["live updates deleted"] = sum(
        _write_if_unchanged(item.delete) for item, _ in live_updates(context, person)
    )
    counts |= _erase_idempotency_records(context, person, notes=notes or times)
    if notes or times:
        counts["notes removed"] = _erase_notes(context, person)
    if times:
        counts["time entries deleted"] = _delete_times(context, caller, person)
    if notes or times:
        counts["revisions overwritten"] = _erase_revised_notes(context, person)
        counts["deliveries overwritten"] = _erase_delivered_notes(context, person)
    counts["admin revisions overwritten"] = _erase_admin_revisions(context, person)
    counts["records overwritten"] = int(people.overwrite(caller, person.id).outcome != person)
    return counts


def has_closed_times(context: AdminContext, caller: Caller, person: Person) -> bool:
    """Whether some of the person's time is in the closed period, and so cannot be deleted."""
    organization = caller.organization
    if organization.closed_until is None:
        return False
    return any(
        is_closed_date(organization, entry.date) for entry in time_entries(context, person)
    ) or any(is_closed_start(organization, timer.started_at) for timer in timers(context, person))


def _delete_times(context: AdminContext, caller: Caller, person: Person) -> int:
    """Delete time entries one by one, as the API does, and purge what a deletion left over."""
    # A period may have been closed while the command waited.
    caller = context.operator(caller.organization.id)
    entries = [entry.id for entry in time_entries(context, person) if entry.deleted_at is None]
    for entry_id in output.progress(entries, "deleting time entries"):
        try:
            TimeEntries(context.dependencies).delete(caller, entry_id)
        except RecordNotFound:
            continue
    # The next scheduled run purges what this one leaves.
    PurgeDeleted(context.dependencies).run()
    return len(entries)


def _erase_revised_notes(context: AdminContext, person: Person) -> int:
    """Erase former notes of time entries; the revision stays."""
    overwritten = 0
    for raw, revision, about in list(revisions(context, person)):
        values = revision.before, revision.after
        if not about or not any(value.get("note") for value in values):
            continue
        model = RevisionModel.from_raw_data(raw)
        before, after = ({**value, "note": None} if "note" in value else value for value in values)
        overwritten += _write_if_unchanged(
            model.update,
            actions=[RevisionModel.before.set(before), RevisionModel.after.set(after)],
            # Revisions expire after ten years.
            condition=RevisionModel.subject_key.exists(),
        )
    return overwritten


def _erase_admin_revisions(context: AdminContext, person: Person) -> int:
    """Erase what was changed in the person's data and tokens; that it was changed stays."""
    erased = {*erasure_values(person), "name", "token_name"}
    overwritten = 0
    for raw, revision, about in list(admin_revisions(context, person)):
        before, after = (
            {name: None if name in erased else value for name, value in values.items()}
            for values in (revision.before, revision.after)
        )
        if about and (before, after) != (revision.before, revision.after):
            model = AdminRevisionModel.from_raw_data(raw)
            overwritten += _write_if_unchanged(
                model.update,
                actions=[
                    AdminRevisionModel.before.set(before),
                    AdminRevisionModel.after.set(after),
                ],
                condition=AdminRevisionModel.subject_key.exists(),
            )
    return overwritten


def _erase_delivered_notes(context: AdminContext, person: Person) -> int:
    """Erase notes in webhook events that can still be replayed."""
    overwritten = 0
    for item, body in list(deliveries(context, person)):
        attributes = body["data"].get("attributes", {})
        if attributes.get("note"):
            attributes["note"] = None
            overwritten += _write_if_unchanged(
                item.update,
                actions=[DeliveryAttemptModel.body.set(encode(body))],
                condition=DeliveryAttemptModel.body.exists(),
            )
    return overwritten


def _wait_for_functions(context: AdminContext, person: Person) -> None:
    """Wait until every running function knows of the deactivation and the mark, up to a minute.

    With a cached token, the person could still write data that is being erased. A delivery worker
    that read the person before the mark could still store a note.
    """
    if person.deactivated_at is None or person.erased_at is None:
        raise AssertionError("the person must be deactivated and marked before the erasure")
    ready = max(
        person.deactivated_at + CALLER_CACHE_SECONDS + COMMIT_SECONDS,
        person.erased_at + DELIVERY_TIMEOUT_SECONDS,
    )
    seconds = ready - context.dependencies.now()
    if seconds > 0:
        output.say(f"waiting {seconds} seconds, until every running function knows of it ...")
        context.dependencies.sleep(seconds)


def _revoke(context: AdminContext, caller: Caller, person: Person) -> int:
    """Revoke any token that is left; deactivation normally revokes all."""
    api_tokens = ApiTokens(context.dependencies)
    tokens = api_tokens.of_person(caller, person.id)
    for token in tokens:
        try:
            api_tokens.revoke(caller, token.id)
        except RecordNotFound:
            continue
    return len(tokens)


def _erase_idempotency_records(
    context: AdminContext, person: Person, *, notes: bool
) -> dict[str, int]:
    """Remove the person's idempotency records, and overwrite the person's data in others' records.

    Others' records must stay: without them, a repeated request would run again.
    """
    removed = overwritten = 0
    for item in idempotency_records(context, person):
        if item.own:
            removed += _write_if_unchanged(item.model.delete)
            continue
        after = _redacted(item.record.outcome, person, notes=notes)
        if after != item.record.outcome:
            model = item.model
            text = msgspec.json.encode(after).decode()
            overwritten += _write_if_unchanged(
                model.update,
                actions=[IdempotencyModel.outcome.set(text)],
                # The record may have expired, and its key may be in use with another response.
                condition=IdempotencyModel.outcome == model.outcome,
            )
    return {
        "idempotency records removed": removed,
        "idempotency records overwritten": overwritten,
    }


def _write_if_unchanged(write: Any, **arguments: Any) -> int:
    try:
        with translate_errors():
            write(**arguments)
    except (UpdateError, DeleteError) as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        return 0
    return 1


def _erase_notes(context: AdminContext, person: Person) -> int:
    entry_ids = [entry.id for entry in time_entries(context, person) if entry.note is not None]
    for entry_id in output.progress(entry_ids, "removing notes"):
        _erase_note(context, person, entry_id)
    return len(entry_ids)


def _erase_note(context: AdminContext, person: Person, entry_id: int) -> None:
    def decide(attempt: Attempt) -> Decision[None]:
        del attempt
        database = context.dependencies.database
        entry = database.get(TimeEntry, person.organization_id, entry_id)
        if entry is None or entry.note is None:
            return Decision(None)
        after = replace(entry, note=None, version=entry.version + 1)
        return Decision(None, records=changed(entry, after, "version"))

    commit_with_retry(context.dependencies, NO_OPTIONS, decide)


def _contains(outcome: Any, person: Person) -> bool:
    match outcome:
        case Person():
            return outcome.id == person.id
        case ApiToken() | TimeEntry() | Pairing():
            return outcome.person_id == person.id
    return False


def _redacted(outcome: Any, person: Person, *, notes: bool) -> Any:
    match outcome:
        case Person():
            return replace(outcome, **erasure_values(person))
        case ApiToken():
            return replace(outcome, name="erased")
        case Pairing():
            return replace(outcome, token_name="erased")  # noqa: S106 - not a secret
        case TimeEntry() if notes:
            return replace(outcome, note=None)
    return outcome


def _metadata(item: IdempotencyItem, zone: Any) -> Mapping[str, Any]:
    return {
        "kind": type(item.record.outcome).__name__,
        "sent_by_person": item.own,
        "expires_at": format_timestamp(item.record.expires_at, zone),
    }


def _entry(entry: TimeEntry, zone: Any) -> dict[str, Any]:
    return {**output.plain(entry, zone), "time": entry.time, "billable_time": entry.billable_time}


def _revision(revision: Revision, zone: Any) -> dict[str, Any]:
    return output.plain(revision, zone)


def _delivery(item: DeliveryAttemptModel, body: Mapping[str, Any], zone: Any) -> dict[str, Any]:
    return {
        "webhook_id": item.webhook_id,
        "at": format_timestamp(item.at, zone),
        "status": item.status.value,
        "body": body,
    }


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
