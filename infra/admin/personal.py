"""What is kept of a person: where it is, how it is told, and how it is taken away.

Read from the tables themselves, consistently, never from an index: what an index has not seen yet
must not be missing. A full read costs what its tables hold, which for something this rare is right.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from pynamodb.exceptions import DeleteError, UpdateError

from chalicelib.domain.directory import ApiToken, Caller, Person, TokenList
from chalicelib.domain.errors import RecordNotFound
from chalicelib.domain.idempotency import KeptOutcome
from chalicelib.domain.instants import format_instant
from chalicelib.domain.people import erased, is_erased
from chalicelib.domain.records import changed
from chalicelib.domain.time_entries import Revision
from chalicelib.domain.timers import TimeEntry, Timer
from chalicelib.jsonapi.documents import encode
from chalicelib.services.api_tokens import ApiTokens
from chalicelib.services.authentication import REMEMBERED_SECONDS
from chalicelib.services.clearing import clear_deleted
from chalicelib.services.people import People
from chalicelib.services.settling import Decision, settle
from chalicelib.services.time_entries import TimeEntries
from chalicelib.store import keys
from chalicelib.store.connection import translated
from chalicelib.store.models import (
    AttemptModel,
    KeptOutcomeModel,
    RevisionModel,
    TimeEntryModel,
    TimerModel,
)
from chalicelib.store.reads import RawItem
from chalicelib.store.records import read_kept, read_noun
from infra.admin import output
from infra.admin.desk import Desk

_THEIRS = "organization_id = :organization AND person_id = :person"
_KEPT = "begins_with(person_key, :organization) AND begins_with(#name, :kept)"


@dataclass(frozen=True, slots=True)
class KeptItem:
    """What a request with an idempotency key answered, in its item; ``own`` where the person sent
    it, otherwise somebody did who acted on them."""

    raw: RawItem
    kept: KeptOutcome
    own: bool

    @property
    def model(self) -> KeptOutcomeModel:
        """The item."""
        return KeptOutcomeModel.from_raw_data(self.raw)


def kept_outcomes(desk: Desk, person: Person) -> Iterator[KeptItem]:
    """What is kept of requests by the person, and of others' that answered something of theirs."""
    organization = keys.scoped(person.organization_id, "")
    own_key = keys.scoped(person.organization_id, person.id)
    pages = desk.scan(
        KeptOutcomeModel, _KEPT, organization=organization, kept=keys.kept_outcome("")
    )
    for raw in (it for page in pages for it in page):
        kept = read_kept(raw)
        own = raw["person_key"]["S"] == own_key
        if kept is not None and (own or _shows(kept.outcome, person)):
            yield KeptItem(raw, kept, own)


def time_entries(desk: Desk, person: Person) -> Iterator[TimeEntry]:
    """Their time entries."""
    values = {"organization": person.organization_id, "person": person.id}
    found = output.counted(desk.scan(TimeEntryModel, _THEIRS, **values), "time entries")
    return (read_noun(TimeEntry, raw) for raw in found)


def timers(desk: Desk, person: Person) -> Iterator[Timer]:
    """Their timers."""
    values = {"organization": person.organization_id, "person": person.id}
    found = output.counted(desk.scan(TimerModel, _THEIRS, **values), "timers")
    return (read_noun(Timer, raw) for raw in found)


def revisions(desk: Desk, person: Person) -> Iterator[tuple[RawItem, Revision, bool]]:
    """What was changed by hand of their time entries, and what they changed of others'.

    Each with its item, and whether it is about an entry of theirs. Deleted entries too: what
    deleted one says whose it was.
    """
    theirs = {entry.id for entry in time_entries(desk, person)}
    found = [
        (raw, read_noun(Revision, raw))
        for page in desk.scan(
            RevisionModel, "organization_id = :organization", organization=person.organization_id
        )
        for raw in page
    ]
    for _, it in found:
        if person.id in (it.before.get("person_id"), it.after.get("person_id")):
            theirs.add(it.time_entry_id)
    for raw, it in found:
        about = it.time_entry_id in theirs
        if about or it.person_id == person.id:
            yield raw, it, about


def deliveries(desk: Desk, person: Person) -> Iterator[tuple[AttemptModel, dict[str, Any]]]:
    """What webhooks were to hear of them and did not take, with what it says: kept for 14 days."""
    condition = "organization_id = :organization AND attribute_exists(body)"
    for page in desk.scan(AttemptModel, condition, organization=person.organization_id):
        for raw in page:
            item = AttemptModel.from_raw_data(raw)
            body: dict[str, Any] = json.loads(item.body or "{}")
            if body.get("person_id") == person.id:
                yield item, body


def export(desk: Desk, caller: Caller, person: Person) -> Iterator[str]:
    """All that is kept of a person, as the pieces of one JSON document.

    Each record is read consistently; they are of one moment only where the person does nothing
    meanwhile. Tallies are not in it: they count the timers that are.
    """
    organization, zone = caller.organization, caller.organization.zone
    wanted = [(TokenList, person.id)]
    found = desk.tools.store.look(organization.id, wanted, slots=[person.id])
    listed = found.record(TokenList, person.id)
    once = {
        "exported_at": format_instant(desk.tools.now(), zone),
        "organization": output.plain(organization, zone),
        "person": output.plain(person, zone),
        "tokens": [output.plain(it, zone) for it in (listed.tokens if listed else ())],
        "slot": output.plain(found.slots[person.id], zone),
    }
    many: dict[str, Iterable[Any]] = {
        "kept_outcomes": (_metadata(it, zone) for it in kept_outcomes(desk, person)),
        "time_entries": (_entry(it, zone) for it in time_entries(desk, person)),
        "timers": (output.plain(it, zone) for it in timers(desk, person)),
        "revisions": (_revision(it, zone) for _, it, _ in revisions(desk, person)),
        "deliveries": (_delivery(*it, zone) for it in deliveries(desk, person)),
    }
    yield "{\n"
    for name, value in once.items():
        yield f"{json.dumps(name)}: {_dumps(value)},\n"
    separator = ""
    for name, values in many.items():
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
    """Overwrite or remove what is personal of somebody who was deactivated; what was done, counted.

    Each write stands by itself and is safe to repeat. The person's own record is the last: until
    all else is done, they are found by the e-mail address that they had.
    """
    _outlast_caches(desk, person)
    done = {"tokens revoked": _revoke(desk, caller, person)}
    done |= _erase_kept(desk, person, notes=notes or times)
    if times:
        done["time entries deleted"] = _delete_times(desk, caller, person)
    if notes or times:
        done["notes removed"] = _erase_notes(desk, person)
        done["revisions overwritten"] = _erase_revised_notes(desk, person)
        done["deliveries overwritten"] = _erase_delivered_notes(desk, person)
    was_erased = is_erased(person)
    People(desk.tools).change(caller, person.id, erased(person))
    done["records overwritten"] = 0 if was_erased else 1
    return done


def _delete_times(desk: Desk, caller: Caller, person: Person) -> int:
    """As somebody would over the API, one by one; what a step leaves of many timers goes too."""
    entries = [entry.id for entry in time_entries(desk, person) if entry.deleted_at is None]
    for entry_id in output.progress(entries, "deleting time entries"):
        try:
            TimeEntries(desk.tools).delete(caller, entry_id)
        except RecordNotFound:
            continue
    # What it leaves, the next sweep clears away.
    clear_deleted(desk.tools)
    return len(entries)


def _erase_revised_notes(desk: Desk, person: Person) -> int:
    """Notes that their entries had before they were changed; that they had one is kept."""
    overwritten = 0
    for raw, revision, about in list(revisions(desk, person)):
        both = revision.before, revision.after
        if not about or not any(it.get("note") for it in both):
            continue
        model = RevisionModel.from_raw_data(raw)
        before, after = ({**it, "note": None} if "note" in it else it for it in both)
        overwritten += _settled(
            model.update,
            actions=[RevisionModel.before.set(before), RevisionModel.after.set(after)],
            # They run out after ten years.
            condition=RevisionModel.time_entry_key.exists(),
        )
    return overwritten


def _erase_delivered_notes(desk: Desk, person: Person) -> int:
    """Notes in what may still be replayed to webhooks."""
    overwritten = 0
    for item, body in list(deliveries(desk, person)):
        attributes = body["data"].get("attributes", {})
        if attributes.get("note"):
            attributes["note"] = None
            overwritten += _settled(
                item.update,
                actions=[AttemptModel.body.set(encode(body))],
                condition=AttemptModel.body.exists(),
            )
    return overwritten


def _outlast_caches(desk: Desk, person: Person) -> None:
    """A running function may take the person's token for good for a minute: until then they could
    write again what is being erased."""
    if person.deactivated_at is None:
        raise AssertionError("only who was deactivated is erased")
    seconds = person.deactivated_at + REMEMBERED_SECONDS - desk.tools.now()
    if seconds > 0:
        output.say(f"waiting {seconds} seconds: so long may a function remember their tokens ...")
        desk.tools.pause(seconds)


def _revoke(desk: Desk, caller: Caller, person: Person) -> int:
    """Deactivating has done it; whatever else left one, none is to stay."""
    tokens = [it for it in ApiTokens(desk.tools).read(caller) if it.person_id == person.id]
    for token in tokens:
        try:
            ApiTokens(desk.tools).revoke(caller, token.id)
        except RecordNotFound:
            continue
    return len(tokens)


def _erase_kept(desk: Desk, person: Person, *, notes: bool) -> dict[str, int]:
    """Their own answers go. Others' stay, or a repeat would do again what it asked for: what they
    show of the person is overwritten."""
    removed = overwritten = 0
    for item in kept_outcomes(desk, person):
        if item.own:
            removed += _settled(item.model.delete)
            continue
        after = _without(item.kept.outcome, person, notes=notes)
        if after != item.kept.outcome:
            model = item.model
            text = msgspec.json.encode(after).decode()
            overwritten += _settled(
                model.update,
                actions=[KeptOutcomeModel.outcome.set(text)],
                # It may have run out, and the key come again, with another answer.
                condition=KeptOutcomeModel.outcome == model.outcome,
            )
    return {"kept answers removed": removed, "kept answers overwritten": overwritten}


def _settled(write: Any, **arguments: Any) -> int:
    try:
        with translated():
            write(**arguments)
    except (UpdateError, DeleteError) as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        return 0
    return 1


def _erase_notes(desk: Desk, person: Person) -> int:
    noted = [entry.id for entry in time_entries(desk, person) if entry.note is not None]
    for entry_id in output.progress(noted, "removing notes"):
        _erase_note(desk, person, entry_id)
    return len(noted)


def _erase_note(desk: Desk, person: Person, entry_id: int) -> None:
    def decide() -> Decision[None]:
        found = desk.tools.store.look(person.organization_id, [(TimeEntry, entry_id)])
        entry = found.record(TimeEntry, entry_id)
        if entry is None or entry.note is None:
            return Decision(None)
        after = replace(entry, note=None, version=entry.version + 1)
        return Decision(None, records=changed(entry, after, "version"))

    settle(desk.tools, None, decide)


def _shows(outcome: Any, person: Person) -> bool:
    match outcome:
        case Person():
            return outcome.id == person.id
        case ApiToken() | TimeEntry():
            return outcome.person_id == person.id
    return False


def _without(outcome: Any, person: Person, *, notes: bool) -> Any:
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
        "sent_by_them": item.own,
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
        "fate": item.fate.value,
        "body": body,
    }


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
