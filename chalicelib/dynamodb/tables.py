"""The eight tables, as PynamoDB models: the one definition of keys, indexes, streams and TTL.

The local server, the tests and the deployed template take their tables from here. Why seven, and
which access pattern each index serves: docs/decisions/0002-tables.md.

A model's attributes are named as the fields of its noun, so that ``chalicelib.dynamodb.items`` can
turn one into the other; whatever else a model has is a key. ``Meta.bare_name`` names the table:
``chalicelib.dynamodb.connection`` puts the stage's prefix before it.
"""

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    TTLAttribute,
    UnicodeAttribute,
)
from pynamodb.constants import PAY_PER_REQUEST_BILLING_MODE, STREAM_NEW_AND_OLD_IMAGE
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from chalicelib.deliveries.rules import Fate
from chalicelib.domain.directory import ApiToken, Role
from chalicelib.domain.timers import StopReason, TrackMethod
from chalicelib.dynamodb.attributes import (
    IntegerAttribute,
    ListedAttribute,
    NumberedAttribute,
    SecondsAttribute,
    WordAttribute,
)
from chalicelib.events.rules import EventType
from chalicelib.time_entries.rules import Act
from chalicelib.webhooks.model import PausedReason, WebhookState


class _IndexMeta:
    # All attributes projected: a page of a list needs no second read.
    projection = AllProjection()


class ByPerson(GlobalSecondaryIndex["TimerModel"]):
    """A person's timers; within one person order by start, stop and id is the same order."""

    class Meta(_IndexMeta):
        index_name = "by_person"

    person_key = UnicodeAttribute(hash_key=True)
    started_key = UnicodeAttribute(range_key=True)


class ByTimeEntry(GlobalSecondaryIndex["TimerModel"]):
    """A time entry's timers; an entry belongs to one person, so one order serves both sorts."""

    class Meta(_IndexMeta):
        index_name = "by_time_entry"

    time_entry_key = UnicodeAttribute(hash_key=True)
    started_key = UnicodeAttribute(range_key=True)


class ByOrganizationStarted(GlobalSecondaryIndex["TimerModel"]):
    """An organization's timers by start."""

    class Meta(_IndexMeta):
        index_name = "by_organization_started"

    organization_id = IntegerAttribute(hash_key=True)
    started_key = UnicodeAttribute(range_key=True)


class ByOrganizationStopped(GlobalSecondaryIndex["TimerModel"]):
    """An organization's timers by stop; what runs sorts last."""

    class Meta(_IndexMeta):
        index_name = "by_organization_stopped"

    organization_id = IntegerAttribute(hash_key=True)
    stopped_key = UnicodeAttribute(range_key=True)


class Running(GlobalSecondaryIndex["TimerModel"]):
    """Sparse: only what runs, of all organizations, by the instant at which it must end."""

    class Meta(_IndexMeta):
        index_name = "running"

    running_shard = UnicodeAttribute(hash_key=True)
    auto_stop_key = UnicodeAttribute(range_key=True)


class TimerModel(Model):
    """One item a session: a :class:`~chalicelib.domain.timers.Timer`."""

    class Meta:
        bare_name = "timers"
        billing_mode = PAY_PER_REQUEST_BILLING_MODE
        stream_view_type = STREAM_NEW_AND_OLD_IMAGE

    key = UnicodeAttribute(hash_key=True)
    id = IntegerAttribute()
    organization_id = IntegerAttribute()
    person_id = IntegerAttribute()
    time_entry_id = IntegerAttribute()
    started_at = IntegerAttribute()
    auto_stop_at = IntegerAttribute()
    stopped_at = IntegerAttribute(null=True)
    stop_reason = WordAttribute(StopReason, null=True)
    version = IntegerAttribute()
    person_key = UnicodeAttribute()
    time_entry_key = UnicodeAttribute()
    started_key = UnicodeAttribute()
    stopped_key = UnicodeAttribute()
    running_shard = UnicodeAttribute(null=True)
    auto_stop_key = UnicodeAttribute(null=True)

    by_person = ByPerson()
    by_time_entry = ByTimeEntry()
    by_organization_started = ByOrganizationStarted()
    by_organization_stopped = ByOrganizationStopped()
    running = Running()


class ByPersonDate(GlobalSecondaryIndex["TimeEntryModel"]):
    """A person's time entries by date. Deleted ones have no date here: no list holds them."""

    class Meta(_IndexMeta):
        index_name = "by_person_date"

    person_key = UnicodeAttribute(hash_key=True)
    date_key = UnicodeAttribute(range_key=True)


class ByServiceDate(GlobalSecondaryIndex["TimeEntryModel"]):
    """A service's time entries by date."""

    class Meta(_IndexMeta):
        index_name = "by_service_date"

    service_key = UnicodeAttribute(hash_key=True)
    date_key = UnicodeAttribute(range_key=True)


class ByOrganizationDate(GlobalSecondaryIndex["TimeEntryModel"]):
    """An organization's time entries by date."""

    class Meta(_IndexMeta):
        index_name = "by_organization_date"

    organization_id = IntegerAttribute(hash_key=True)
    date_key = UnicodeAttribute(range_key=True)


class Deleted(GlobalSecondaryIndex["TimeEntryModel"]):
    """Sparse: what was deleted and still has timers, of all organizations, the oldest first."""

    class Meta(_IndexMeta):
        index_name = "deleted"

    deleted_shard = UnicodeAttribute(hash_key=True)
    deleted_key = UnicodeAttribute(range_key=True)


class TimeEntryModel(Model):
    """One item an entry: a :class:`~chalicelib.domain.timers.TimeEntry`."""

    class Meta:
        bare_name = "time_entries"
        billing_mode = PAY_PER_REQUEST_BILLING_MODE
        stream_view_type = STREAM_NEW_AND_OLD_IMAGE

    key = UnicodeAttribute(hash_key=True)
    id = IntegerAttribute()
    organization_id = IntegerAttribute()
    person_id = IntegerAttribute()
    service_id = IntegerAttribute()
    date = UnicodeAttribute()
    created_at = IntegerAttribute()
    updated_at = IntegerAttribute()
    creator_id = IntegerAttribute()
    billable = BooleanAttribute()
    billable_minutes = IntegerAttribute(null=True)
    note = UnicodeAttribute(null=True)
    track_method = NumberedAttribute(TrackMethod)
    tracked_seconds = IntegerAttribute()
    adjusted_seconds = IntegerAttribute()
    timer_count = IntegerAttribute()
    running_timer_id = IntegerAttribute(null=True)
    latest_timer_id = IntegerAttribute(null=True)
    timer_started_at = IntegerAttribute(null=True)
    timer_stopped_at = IntegerAttribute(null=True)
    version = IntegerAttribute()
    deleted_at = IntegerAttribute(null=True)
    person_key = UnicodeAttribute()
    service_key = UnicodeAttribute()
    date_key = UnicodeAttribute(null=True)
    deleted_shard = UnicodeAttribute(null=True)
    deleted_key = UnicodeAttribute(null=True)

    by_person_date = ByPersonDate()
    by_service_date = ByServiceDate()
    by_organization_date = ByOrganizationDate()
    deleted = Deleted()


class RevisionModel(Model):
    """What was changed of a time entry by hand: a
    :class:`~chalicelib.time_entries.rules.Revision`. It outlives the entry."""

    class Meta:
        bare_name = "revisions"
        billing_mode = PAY_PER_REQUEST_BILLING_MODE

    time_entry_key = UnicodeAttribute(hash_key=True)
    revision_key = UnicodeAttribute(range_key=True)
    id = IntegerAttribute()
    organization_id = IntegerAttribute()
    time_entry_id = IntegerAttribute()
    person_id = IntegerAttribute()
    act = WordAttribute(Act)
    created_at = IntegerAttribute()
    before = JSONAttribute()
    after = JSONAttribute()
    expires_at = TTLAttribute()


class SlotModel(Model):
    """A person's running slot; beside it, :class:`KeptOutcomeModel`, what their keys answered."""

    class Meta:
        bare_name = "slots"
        billing_mode = PAY_PER_REQUEST_BILLING_MODE

    person_key = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)
    version = IntegerAttribute()
    last_timer_id = IntegerAttribute()
    last_stopped_at = IntegerAttribute(null=True)
    timer_id = IntegerAttribute(null=True)
    time_entry_id = IntegerAttribute(null=True)
    started_at = IntegerAttribute(null=True)
    auto_stop_at = IntegerAttribute(null=True)
    blocked = BooleanAttribute(null=True)
    expires_at = TTLAttribute(null=True)


class KeptOutcomeModel(Model):
    """What a request with an idempotency key answered, beside the slot of who sent it."""

    class Meta:
        bare_name = "slots"

    person_key = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)
    fingerprint = UnicodeAttribute()
    kind = UnicodeAttribute(null=True)
    outcome = UnicodeAttribute()
    expires_at = IntegerAttribute()


class TallyModel(Model):
    """How many sessions started and stopped in each quarter-hour of a person's UTC day.

    The counters are sparse attributes, ``s00`` to ``s95`` and ``e00`` to ``e95``.
    """

    class Meta:
        bare_name = "tallies"
        billing_mode = PAY_PER_REQUEST_BILLING_MODE
        stream_view_type = STREAM_NEW_AND_OLD_IMAGE

    scope = UnicodeAttribute(hash_key=True)
    bucket = UnicodeAttribute(range_key=True)


class TokenModel(Model):
    """An API token, keyed by its digest alone: so that "unknown" and "elsewhere" differ."""

    class Meta:
        bare_name = "tokens"
        billing_mode = PAY_PER_REQUEST_BILLING_MODE

    digest = UnicodeAttribute(hash_key=True)
    organization_id = IntegerAttribute()
    person_id = IntegerAttribute()
    role = WordAttribute(Role)
    name = UnicodeAttribute()
    expires_at = IntegerAttribute(null=True)


class DirectoryModel(Model):
    """What the kinds of the directory share: the organization, then kind and id."""

    class Meta:
        bare_name = "directory"
        billing_mode = PAY_PER_REQUEST_BILLING_MODE

    organization_key = UnicodeAttribute(hash_key=True)
    record_key = UnicodeAttribute(range_key=True)
    id = IntegerAttribute()


class OrganizationModel(DirectoryModel):
    """An organization's settings, beside its people and services."""

    class Meta(DirectoryModel.Meta):
        pass

    name = UnicodeAttribute()
    time_zone = UnicodeAttribute()
    auto_stop_after = IntegerAttribute()


class PersonModel(DirectoryModel):
    """A :class:`~chalicelib.domain.directory.Person`."""

    class Meta(DirectoryModel.Meta):
        pass

    organization_id = IntegerAttribute()
    first_name = UnicodeAttribute()
    last_name = UnicodeAttribute()
    email = UnicodeAttribute()
    role = WordAttribute(Role)
    created_at = IntegerAttribute()
    title = UnicodeAttribute(null=True)
    nickname = UnicodeAttribute(null=True)
    avatar_url = UnicodeAttribute(null=True)
    deactivated_at = IntegerAttribute(null=True)


class ServiceModel(DirectoryModel):
    """A :class:`~chalicelib.domain.directory.Service`."""

    class Meta(DirectoryModel.Meta):
        pass

    organization_id = IntegerAttribute()
    name = UnicodeAttribute()
    billable = BooleanAttribute()
    time_tracking_enabled = BooleanAttribute()
    position = IntegerAttribute()
    archived_at = IntegerAttribute(null=True)
    deleted_at = IntegerAttribute(null=True)


class TokenListModel(DirectoryModel):
    """A :class:`~chalicelib.domain.directory.TokenList`."""

    class Meta(DirectoryModel.Meta):
        pass

    organization_id = IntegerAttribute()
    version = IntegerAttribute()
    tokens = ListedAttribute(ApiToken)


class ClaimModel(DirectoryModel):
    """A :class:`~chalicelib.domain.directory.Claim`."""

    class Meta(DirectoryModel.Meta):
        pass

    organization_id = IntegerAttribute()
    name = UnicodeAttribute()


class WebhookModel(DirectoryModel):
    """A :class:`~chalicelib.webhooks.model.Webhook`. Its secret is not here, nor anywhere."""

    class Meta(DirectoryModel.Meta):
        pass

    organization_id = IntegerAttribute()
    name = UnicodeAttribute()
    url = UnicodeAttribute()
    events = ListedAttribute(EventType)
    created_at = IntegerAttribute()
    updated_at = IntegerAttribute()
    state = WordAttribute(WebhookState)
    paused_reason = WordAttribute(PausedReason, null=True)
    paused_at = IntegerAttribute(null=True)
    secret_number = IntegerAttribute()
    oldest_secret_number = IntegerAttribute()
    rotated_at = IntegerAttribute(null=True)
    failing_since = IntegerAttribute(null=True)
    version = IntegerAttribute()


class AttemptModel(Model):
    """An :class:`~chalicelib.deliveries.rules.Attempt`: the log of what went to webhooks."""

    class Meta:
        bare_name = "deliveries"
        billing_mode = PAY_PER_REQUEST_BILLING_MODE

    webhook_key = UnicodeAttribute(hash_key=True)
    attempt_key = UnicodeAttribute(range_key=True)
    id = IntegerAttribute()
    organization_id = IntegerAttribute()
    webhook_id = IntegerAttribute()
    event_id = UnicodeAttribute()
    event_type = UnicodeAttribute()
    attempt = IntegerAttribute()
    at = IntegerAttribute()
    fate = WordAttribute(Fate)
    status = IntegerAttribute(null=True)
    failure = UnicodeAttribute(null=True)
    body = UnicodeAttribute(null=True)
    expires_at = SecondsAttribute()


TABLES: tuple[type[Model], ...] = (
    TimerModel,
    TimeEntryModel,
    RevisionModel,
    DirectoryModel,
    TokenModel,
    SlotModel,
    TallyModel,
    AttemptModel,
)
"""One model a table, to create it by."""

MODELS: tuple[type[Model], ...] = (
    *TABLES,
    KeptOutcomeModel,
    OrganizationModel,
    PersonModel,
    ServiceModel,
    WebhookModel,
    TokenListModel,
    ClaimModel,
)
"""Every model: what must be bound to the connection."""
