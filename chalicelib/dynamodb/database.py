"""The store's front door: every access pattern, by name. docs/decisions/0002-tables.md has more."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from pynamodb.connection import Connection
from pynamodb.exceptions import PutError

from chalicelib.core.idempotency import KeptOutcome, RequestKey
from chalicelib.counters import repository as tallies
from chalicelib.counters.model import RollUp, TallyName, TallyState
from chalicelib.dataclass import dataclass
from chalicelib.deliveries import repository as deliveries
from chalicelib.deliveries.rules import Attempt
from chalicelib.domain.directory import Organization, Person, Service, Token
from chalicelib.domain.queries import EntryQuery, Page, Stretch, TimerQuery
from chalicelib.domain.records import RecordId
from chalicelib.domain.timers import Slot, TimeEntry, Timer
from chalicelib.dynamodb import directory, keys
from chalicelib.dynamodb.connection import translated
from chalicelib.dynamodb.items import (
    Noun,
    Record,
    model_of,
    read_kept,
    read_noun,
    read_slot,
    ref_of,
    slot_ref,
)
from chalicelib.dynamodb.sparse_index import SparsePage
from chalicelib.dynamodb.tables import KeptOutcomeModel, TokenModel
from chalicelib.dynamodb.transactions import Commit, commit
from chalicelib.store import pages
from chalicelib.store.reads import RawItem, Ref, read, ref
from chalicelib.time_entries import repository as time_entries
from chalicelib.time_entries.rules import Revision
from chalicelib.timers import repository as queries
from chalicelib.webhooks import repository as webhooks
from chalicelib.webhooks.model import PausedReason, Webhook


@dataclass(frozen=True, slots=True)
class StartState:
    """What a start rests on. What was not asked for, or does not exist, is None."""

    slot: Slot
    time_entry: TimeEntry | None
    service: Service | None
    person: Person | None
    kept: KeptOutcome | None


@dataclass(frozen=True, slots=True)
class StopState:
    """What a stop rests on: the timer or the time entry that it names, and the key's outcome."""

    timer: Timer | None
    time_entry: TimeEntry | None
    kept: KeptOutcome | None


@dataclass(frozen=True, slots=True)
class Found:
    """What was looked for, of one organization, as far as it exists."""

    records: Mapping[tuple[type[Any], RecordId], Any]
    slots: Mapping[int, Slot]
    kept: KeptOutcome | None

    def record(self, kind: type[Noun], record_id: RecordId) -> Noun | None:
        """A record that was looked for."""
        return self.records.get((kind, record_id))


class Store:
    """Reads and writes. Raises :class:`~chalicelib.core.errors.Unavailable` where DynamoDB is."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def credentials(
        self, digest: str, organization_id: int | None
    ) -> tuple[Token | None, Organization | None]:
        """The token with that digest, and the organization that the caller names. One call."""
        token = ref(TokenModel, digest=digest)
        organization = _optional_ref(Organization, organization_id or 0, organization_id)
        found = self._read(token, organization)
        return _noun(Token, found, token), _noun(Organization, found, organization)

    def timer(self, organization_id: int, timer_id: int) -> Timer | None:
        """A timer, read consistently. One call."""
        wanted = ref_of(Timer, organization_id, timer_id)
        return _noun(Timer, self._read(wanted), wanted)

    def timers(self, query: TimerQuery) -> Page[Timer]:
        """A page of timers. At most three calls in a row where an index serves it, else up to 5."""
        return pages.timers(self._connection, query)

    def stretch(self, query: TimerQuery, after: str | None, size: int) -> Stretch[Timer]:
        """Timers behind a position of a list. One call where an index serves it, else up to 5."""
        return queries.stretch(self._connection, query, after, size)

    def records(
        self, organization_id: int, wanted: Iterable[tuple[type[Record], int]]
    ) -> dict[tuple[type[Record], int], Record]:
        """Records by kind and id, of whatever kinds, read consistently. One call per 100."""
        refs = {(kind, id_): ref_of(kind, organization_id, id_) for kind, id_ in wanted}
        found = self._read(*refs.values())
        nouns = {name: _noun(name[0], found, item) for name, item in refs.items()}
        return {name: noun for name, noun in nouns.items() if noun is not None}

    def look(
        self,
        organization_id: int,
        wanted: Iterable[tuple[type[Any], RecordId]] = (),
        *,
        slots: Iterable[int] = (),
        key: RequestKey | None = None,
    ) -> Found:
        """Records by kind and id, people's slots, and what a key answered: all that a decision
        rests on, read consistently. One call; none where nothing is looked for."""
        refs = {(kind, id_): ref_of(kind, organization_id, id_) for kind, id_ in wanted}
        places = {person_id: slot_ref(organization_id, person_id) for person_id in slots}
        kept = _kept_ref(key)
        found = self._read(*refs.values(), *places.values(), kept)
        nouns = {name: _noun(name[0], found, item) for name, item in refs.items()}
        return Found(
            records={name: noun for name, noun in nouns.items() if noun is not None},
            slots={it: read_slot(organization_id, it, found.get(at)) for it, at in places.items()},
            kept=_kept(found, kept),
        )

    def directory(self, kind: type[Noun], organization_id: int) -> Sequence[Noun]:
        """All records of a kind of the directory, by id, read consistently.

        One call for each MB. Raises ``QueryTooBroad`` where they are more than 5 MB.
        """
        return directory.all_of(self._connection, kind, organization_id)

    def start_state(
        self,
        organization_id: int,
        person_id: int,
        *,
        time_entry_id: int | None = None,
        service_id: int | None = None,
        with_person: bool = False,
        key: RequestKey | None = None,
    ) -> StartState:
        """Everything that a start rests on, read consistently. One call."""
        slot = slot_ref(organization_id, person_id)
        entry = _optional_ref(TimeEntry, organization_id, time_entry_id)
        service = _optional_ref(Service, organization_id, service_id)
        person = _optional_ref(Person, organization_id, person_id if with_person else None)
        kept = _kept_ref(key)
        found = self._read(slot, entry, service, person, kept)
        return StartState(
            slot=read_slot(organization_id, person_id, found.get(slot)),
            time_entry=_noun(TimeEntry, found, entry),
            service=_noun(Service, found, service),
            person=_noun(Person, found, person),
            kept=_kept(found, kept),
        )

    def stop_state(
        self,
        organization_id: int,
        *,
        timer_id: int | None = None,
        time_entry_id: int | None = None,
        key: RequestKey | None = None,
    ) -> StopState:
        """What a stop rests on, read consistently. One call."""
        timer = _optional_ref(Timer, organization_id, timer_id)
        entry = _optional_ref(TimeEntry, organization_id, time_entry_id)
        kept = _kept_ref(key)
        found = self._read(timer, entry, kept)
        return StopState(
            timer=_noun(Timer, found, timer),
            time_entry=_noun(TimeEntry, found, entry),
            kept=_kept(found, kept),
        )

    def correction_state(self, timer: Timer) -> tuple[Slot, TimeEntry | None]:
        """What correcting a stop rests on: the person's slot and the entry, also one that is being
        deleted; None: it is gone, and the timer with it. One call."""
        slot = slot_ref(timer.organization_id, timer.person_id)
        entry = ref_of(TimeEntry, timer.organization_id, timer.time_entry_id)
        found = self._read(slot, entry)
        person_slot = read_slot(timer.organization_id, timer.person_id, found.get(slot))
        return person_slot, read_noun(TimeEntry, found[entry]) if entry in found else None

    def deleted_entry(self, organization_id: int, entry_id: int) -> TimeEntry | None:
        """A time entry that was deleted and still has timers. Others do not find it. One call."""
        wanted = ref_of(TimeEntry, organization_id, entry_id)
        raw = self._read(wanted).get(wanted)
        entry = None if raw is None else read_noun(TimeEntry, raw)
        return entry if entry is not None and entry.deleted_at is not None else None

    def deleted_entries(self, limit: int, after: Any = None) -> SparsePage:
        """Where deleted time entries still have timers, the oldest first. One call.

        It comes from an index: one may be gone by now.
        """
        return time_entries.deleted(self._connection, limit, after)

    def timers_of_entry(self, entry: TimeEntry, most: int) -> Sequence[Timer]:
        """Some of an entry's timers, the first ones, read consistently; at most 100. Two calls.

        They are found by an index: what was started a moment ago may be missing.
        """
        return time_entries.timers_of(self._connection, entry, most)

    def revisions(self, organization_id: int, entry_id: int) -> Sequence[Revision]:
        """What was changed of a time entry by hand, the oldest first, read consistently.

        One call for each MB. Raises ``QueryTooBroad`` where they are more than 5 MB.
        """
        return time_entries.revisions(self._connection, organization_id, entry_id)

    def time_entries(self, query: EntryQuery) -> Page[TimeEntry]:
        """A page of time entries. At most three calls in a row where an index serves it, else up
        to 5."""
        return time_entries.page(self._connection, query)

    def entry_stretch(self, query: EntryQuery, after: str | None, size: int) -> Stretch[TimeEntry]:
        """Time entries behind a position of a list. One call where an index serves it, else up to
        5."""
        return time_entries.stretch(self._connection, query, after, size)

    def create(self, record: Record) -> bool:
        """Put a record that is not there yet; False, and nothing written, where it is. One call."""
        model = model_of(record)
        hash_key = type(model)._hash_key_attribute()
        try:
            with translated():
                model.save(condition=hash_key.does_not_exist())
        except PutError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def overdue(self, shard: str, now: int, limit: int, after: Any = None) -> SparsePage:
        """Running timers of a shard that are past their limit, the oldest first. One call.

        They come from an index: one may have been stopped a moment ago.
        """
        return queries.overdue(self._connection, shard, now, limit, after)

    def everywhere(
        self, kind: type[Noun], names: Iterable[tuple[int, int]]
    ) -> dict[tuple[int, int], Noun]:
        """Records of a kind by organization and id, of any organizations. One call per 100."""
        refs = {name: ref_of(kind, *name) for name in names}
        found = self._read(*refs.values())
        nouns = {name: _noun(kind, found, item) for name, item in refs.items()}
        return {name: noun for name, noun in nouns.items() if noun is not None}

    def mark_failing(self, webhook: Webhook, since: int | None) -> None:
        """Say since when a webhook fails; None: it does no longer. One call."""
        webhooks.mark_failing(webhook, since)

    def pause_webhook(self, webhook: Webhook, reason: PausedReason, now: int) -> None:
        """Pause a webhook, unless it has changed since it was read. One call."""
        webhooks.pause(webhook, reason, now)

    def log_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Keep what became of deliveries: 25 at the most, all or some of them. One call."""
        deliveries.log_attempts(self._connection, attempts)

    def attempts(self, organization_id: int, webhook_id: int, limit: int) -> list[Attempt]:
        """The newest attempts to deliver to a webhook, the newest first. One call for each MB."""
        return deliveries.newest(self._connection, organization_id, webhook_id, limit)

    def tally_states(self, names: Collection[TallyName]) -> list[TallyState]:
        """Tallies, and what was rolled up of them. Two calls per 100."""
        return tallies.read_states(self._connection, names)

    def roll_up(self, decided: RollUp, token: str) -> None:
        """Write it, all or nothing: see ``store/tallies.py``. One call."""
        tallies.roll_up(self._connection, decided, token)

    def commit(self, writes: Commit, token: str) -> None:
        """Write it, all or nothing: see ``store/transactions.py``. One call."""
        commit(self._connection, writes, token)

    def _read(self, *refs: Ref | None) -> dict[Ref, RawItem]:
        return read(self._connection, [it for it in refs if it is not None])


def _kept_ref(key: RequestKey | None) -> Ref | None:
    if key is None:
        return None
    return ref(
        KeptOutcomeModel,
        person_key=keys.scoped(key.organization_id, key.person_id),
        name=keys.kept_outcome(key.digest),
    )


def _kept(found: dict[Ref, RawItem], item: Ref | None) -> KeptOutcome | None:
    return None if item is None else read_kept(found.get(item))


def _optional_ref(kind: type[Noun], organization_id: int, record_id: int | None) -> Ref | None:
    return None if record_id is None else ref_of(kind, organization_id, record_id)


def _noun(kind: type[Noun], found: dict[Ref, RawItem], item: Ref | None) -> Noun | None:
    raw = None if item is None else found.get(item)
    noun = None if raw is None else read_noun(kind, raw)
    # Once for all: what was deleted is not found, whoever looks for whatever reason.
    return None if isinstance(noun, TimeEntry) and noun.deleted_at is not None else noun
