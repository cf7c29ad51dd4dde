"""Nouns of the domain as items of the tables, and back.

A field of a noun is the attribute of the same name. Keys are derived, and never read back.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from pynamodb.attributes import Attribute
from pynamodb.models import Model

from chalicelib.core.idempotency import KeptOutcome, Outcome, RequestKey
from chalicelib.domain.directory import (
    ApiToken,
    Claim,
    Organization,
    Person,
    Service,
    Token,
    TokenList,
)
from chalicelib.domain.records import RecordId
from chalicelib.domain.timers import RunningTimer, Slot, TimeEntry, Timer
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.tables import (
    ClaimModel,
    KeptOutcomeModel,
    OrganizationModel,
    PersonModel,
    RevisionModel,
    ServiceModel,
    SlotModel,
    TimeEntryModel,
    TimerModel,
    TokenListModel,
    TokenModel,
    WebhookModel,
)
from chalicelib.store.reads import RawItem, Ref, ref
from chalicelib.time_entries.rules import REVISIONS_KEPT_SECONDS, Revision
from chalicelib.webhooks.model import Webhook

Record = (
    Timer
    | TimeEntry
    | Revision
    | Organization
    | Person
    | Service
    | Token
    | TokenList
    | Claim
    | Webhook
)
Noun = TypeVar("Noun", bound=Record)


def model_of(record: Record) -> Model:
    """The item that holds a record, ready to be put."""
    values: dict[str, Any] = {name: getattr(record, name) for name in _FIELDS[type(record)]}
    return _MODELS[type(record)](**values, **_derived_keys(record))


def ref_of(kind: type[Any], organization_id: int, record_id: RecordId) -> Ref:
    """Names the item that holds a record of that kind, whether or not it exists."""
    return ref(_MODELS[kind], **key_of(kind, organization_id, record_id))


def place_of(kind: type[Any], organization_id: int, record_id: RecordId) -> Model:
    """An item with the key of such a record and nothing else: to be changed or deleted."""
    key: dict[str, Any] = {**key_of(kind, organization_id, record_id)}
    return _MODELS[kind](**key)


def kind_prefix(kind: type[Any]) -> str:
    """What the keys of all records of a kind of the directory begin with."""
    return keys.directory_kind(_DIRECTORY_KINDS[kind])


def slot_ref(organization_id: int, person_id: int) -> Ref:
    """Names a person's running slot."""
    return ref(
        SlotModel, person_key=keys.scoped(organization_id, person_id), name=keys.RUNNING_SLOT
    )


def read_noun(kind: type[Noun], raw: RawItem) -> Noun:
    """The record of that kind that an item, as DynamoDB answers it, holds."""
    # Straight from the item: a page of models, made only to be read, took a sixth of a list.
    return kind(
        **{name: _value(attribute, raw.get(name)) for name, attribute in _ATTRIBUTES[kind].items()}
    )


def fields_of(kind: type[Any]) -> tuple[str, ...]:
    """The attributes of an item that :func:`read_noun` reads."""
    return _FIELDS[kind]


def read_slot(organization_id: int, person_id: int, raw: RawItem | None) -> Slot:
    """A person's running slot; an empty one where nothing was ever started."""
    if raw is None:
        return Slot(organization_id, person_id)
    item = SlotModel.from_raw_data(raw)
    running = None
    if item.timer_id is not None:
        running = RunningTimer(
            item.timer_id, item.time_entry_id, item.started_at, item.auto_stop_at
        )
    return Slot(
        organization_id=organization_id,
        person_id=person_id,
        version=item.version,
        running=running,
        last_timer_id=item.last_timer_id,
        last_stopped_at=item.last_stopped_at,
        blocked=bool(item.blocked),
    )


def kept_model(key: RequestKey, kept: KeptOutcome) -> KeptOutcomeModel:
    """The item that keeps what a request with a key answered."""
    return KeptOutcomeModel(
        person_key=keys.scoped(key.organization_id, key.person_id),
        name=keys.kept_outcome(key.digest),
        fingerprint=kept.fingerprint,
        kind=type(kept.outcome).__name__,
        outcome=msgspec.json.encode(kept.outcome).decode(),
        expires_at=kept.expires_at,
    )


def read_kept(raw: RawItem | None) -> KeptOutcome | None:
    """What an item keeps of a request with a key."""
    if raw is None:
        return None
    item = KeptOutcomeModel.from_raw_data(raw)
    outcome = msgspec.json.decode(item.outcome, type=_KEPT[item.kind or Outcome.__name__])
    return KeptOutcome(item.fingerprint, outcome, item.expires_at)


_MODELS: dict[type[Any], type[Model]] = {
    Timer: TimerModel,
    TimeEntry: TimeEntryModel,
    Revision: RevisionModel,
    Token: TokenModel,
    Organization: OrganizationModel,
    Person: PersonModel,
    Service: ServiceModel,
    TokenList: TokenListModel,
    Claim: ClaimModel,
    Webhook: WebhookModel,
}

_KEPT: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (Outcome, TimeEntry, Person, Service, ApiToken, Webhook)
}
"""What a request with a key may have answered."""

_FIELDS: dict[type[Any], tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind)) for kind in _MODELS
}

_ATTRIBUTES: dict[type[Any], Mapping[str, Attribute[Any]]] = {
    kind: {name: _MODELS[kind].get_attributes()[name] for name in names}
    for kind, names in _FIELDS.items()
}

_DIRECTORY_KINDS: dict[type[Any], str] = {
    Organization: "organization",
    Person: "person",
    Service: "service",
    Webhook: "webhook",
    TokenList: "tokens",
    Claim: "claim",
}


def key_of(kind: type[Any], organization_id: int, record_id: RecordId) -> dict[str, str]:
    """The key of a record, by attribute."""
    if kind is Token:
        return {"digest": str(record_id)}
    word = _DIRECTORY_KINDS.get(kind)
    if word is None:
        return {"key": keys.scoped(organization_id, record_id)}
    return {
        "organization_key": str(organization_id),
        "record_key": keys.directory(word, record_id),
    }


def _value(attribute: Attribute[Any], raw: dict[str, Any] | None) -> Any:
    return None if raw is None else attribute.deserialize(attribute.get_value(raw))


def _derived_keys(record: Record) -> dict[str, Any]:
    match record:
        case Token():
            return {}
        case Organization():
            return {**key_of(Organization, record.id, record.id)}
        case Claim():
            return {**key_of(Claim, record.organization_id, record.name)}
        case Revision():
            return {**_revision_key(record), "expires_at": _end_of(record)}
        case _:
            key = key_of(type(record), record.organization_id, record.id)
            return {**key, **_index_keys(record)}


def _index_keys(record: Record) -> dict[str, Any]:
    match record:
        case Timer():
            return _timer_keys(record)
        case TimeEntry():
            return _date_keys(record)
        case _:
            return {}


def _timer_keys(timer: Timer) -> dict[str, Any]:
    # What runs, and only that, is in the index of running timers.
    runs = timer.stopped_at is None
    return {
        "person_key": keys.scoped(timer.organization_id, timer.person_id),
        "time_entry_key": keys.scoped(timer.organization_id, timer.time_entry_id),
        "started_key": keys.at(timer.started_at, timer.id),
        "stopped_key": keys.at(timer.stopped_at, timer.id),
        "running_shard": keys.shard(timer.id) if runs else None,
        "auto_stop_key": keys.at(timer.auto_stop_at, timer.id) if runs else None,
    }


def _date_keys(entry: TimeEntry) -> dict[str, Any]:
    # What is deleted is in no list, but among what is to be cleared away.
    is_there = entry.deleted_at is None
    return {
        "person_key": keys.scoped(entry.organization_id, entry.person_id),
        "service_key": keys.scoped(entry.organization_id, entry.service_id),
        "date_key": keys.on(entry.date, entry.id) if is_there else None,
        "deleted_shard": None if is_there else keys.DELETED,
        "deleted_key": None if is_there else keys.at(entry.deleted_at, entry.id),
    }


def _revision_key(revision: Revision) -> dict[str, str]:
    return {
        "time_entry_key": keys.scoped(revision.organization_id, revision.time_entry_id),
        "revision_key": f"{revision.id:016d}",
    }


def _end_of(revision: Revision) -> datetime:
    return datetime.fromtimestamp(revision.created_at + REVISIONS_KEPT_SECONDS, UTC)
