"""Tests of the decisions that create, update, deactivate and restore a person."""

import pytest
from msgspec.structs import replace

from chalicelib.api_tokens.model import ApiToken, Credential, PersonTokens, TokenOwner
from chalicelib.core.errors import Conflict, InvalidAttribute
from chalicelib.core.write_set import (
    CreateRecord,
    DeleteRecord,
    Disable,
    Enable,
    PutRecord,
    RequireRecord,
    StopTimer,
    TimeEntryUpdate,
    UpdateRecord,
    changed,
)
from chalicelib.people.model import ActiveAdmin, Person, Role, UniqueConstraint
from chalicelib.people.rules import (
    create_person,
    decide_deactivation,
    decide_erasure,
    decide_overwrite,
    decide_person_update,
    decide_restore,
    email_constraint,
)
from chalicelib.timers.days import DayUpdate
from chalicelib.timers.model import PersonState, RunningTimer, StopReason, Timer

NOW = 10_000
ANA = Person(7, 2149, "Ana", "Horvat", "Ana@x.example", Role.ADMIN, 0)
BO = replace(ANA, id=8, first_name="Bo", email="bo@x.example")
ANAS_TOKENS = PersonTokens(
    7, 2149, 3, tuple(ApiToken(n, 2149, 7, str(n), f"digest {n}", 0) for n in (1, 2))
)
NO_TOKENS = PersonTokens(7, 2149)
RUNNING = PersonState(
    2149, 7, version=5, running=RunningTimer(3, 364, 9_000, 12_600), last_timer_id=3
)
STILL_ADMIN = RequireRecord(Person, 2149, 8, {"role": Role.ADMIN, "deactivated_at": None})


def test_new_person_gets_a_unique_constraint_on_the_email() -> None:
    assert create_person(ANA) == (
        CreateRecord(ANA),
        CreateRecord(UniqueConstraint("email:ana@x.example", 2149, 7)),
        PutRecord(ActiveAdmin(7, 2149)),
    )


def test_only_a_different_address_replaces_the_unique_constraint() -> None:
    decision = decide_person_update(ANA, {"email": "a@x.example"}, ANAS_TOKENS, None)
    assert decision.records[1:] == (
        CreateRecord(UniqueConstraint("email:a@x.example", 2149, 7)),
        DeleteRecord(UniqueConstraint, 2149, email_constraint("ANA@x.example")),
    )
    same_address = decide_person_update(ANA, {"email": "ana@X.example"}, ANAS_TOKENS, None)
    assert len(same_address.records) == 1


def test_unchanged_values_write_nothing() -> None:
    assert decide_person_update(ANA, {"first_name": "Ana"}, ANAS_TOKENS, None).records == ()


def test_role_change_updates_all_tokens_and_requires_another_admin() -> None:
    decision = decide_person_update(ANA, {"role": Role.MEMBER}, ANAS_TOKENS, BO)
    assert decision.person.role is Role.MEMBER
    assert decision.records == (
        UpdateRecord(
            Person,
            2149,
            7,
            {"role": Role.MEMBER},
            {"role": Role.ADMIN, "email": ANA.email, "deactivated_at": None, "erased_at": None},
        ),
        STILL_ADMIN,
        UpdateRecord(PersonTokens, 2149, 7, {"version": 4}, {"version": 3}),
        UpdateRecord(Credential, 2149, "digest 1", {"role": Role.MEMBER}),
        UpdateRecord(Credential, 2149, "digest 2", {"role": Role.MEMBER}),
        DeleteRecord(ActiveAdmin, 2149, 7),
    )


def test_last_admin_cannot_be_demoted_or_deactivated() -> None:
    with pytest.raises(InvalidAttribute, match="last active admin"):
        decide_person_update(ANA, {"role": Role.MEMBER}, NO_TOKENS, None)
    with pytest.raises(InvalidAttribute, match="last active admin"):
        decide_deactivation(ANA, RUNNING, NO_TOKENS, NOW, None)


def test_deactivation_stops_the_timer_disables_the_state_and_revokes_tokens() -> None:
    decision = decide_deactivation(ANA, RUNNING, ANAS_TOKENS, NOW, BO)
    assert decision.person.deactivated_at == NOW
    assert decision.records[1:] == (
        STILL_ADMIN,
        UpdateRecord(PersonTokens, 2149, 7, {"tokens": (), "version": 4}, {"version": 3}),
        DeleteRecord(Credential, 2149, "digest 1"),
        DeleteRecord(TokenOwner, 2149, 1),
        DeleteRecord(Credential, 2149, "digest 2"),
        DeleteRecord(TokenOwner, 2149, 2),
        DeleteRecord(ActiveAdmin, 2149, 7),
    )
    write_set = decision.write_set
    assert write_set is not None
    assert write_set.person_state == Disable(5, NOW)
    stopped = Timer(3, 2149, 7, 364, 9_000, 12_600, NOW, StopReason.DEACTIVATED, version=2)
    # The person state, which does not know the version of the timer, protects its start.
    assert write_set.stop_timer == StopTimer(stopped, version=None)
    assert write_set.entries == (TimeEntryUpdate(364, seconds=1_000, ends=NOW),)
    assert write_set.days == (DayUpdate(0, {"e11": 1}, {3: (9_000, NOW)}),)


@pytest.mark.parametrize(
    ("now", "stop", "reason"),
    [
        (8_990, 9_000, StopReason.DEACTIVATED),
        (12_599, 12_599, StopReason.DEACTIVATED),
        (12_600, 12_600, StopReason.AUTO),
        (12_601, 12_600, StopReason.AUTO),
    ],
)
def test_deactivation_stops_the_timer_between_its_start_and_its_limit(
    now: int, stop: int, reason: StopReason
) -> None:
    write_set = decide_deactivation(ANA, RUNNING, NO_TOKENS, now, BO).write_set
    assert write_set is not None
    assert write_set.stop_timer is not None
    stopped = write_set.stop_timer.timer
    assert (stopped.stopped_at, stopped.stop_reason) == (stop, reason)
    assert write_set.person_state == Disable(5, stop)


def test_deactivation_keeps_what_a_manual_time_covers() -> None:
    running = RunningTimer(3, 364, 9_000, 12_600, edited=True, covered=True)
    state = replace(RUNNING, running=running)
    write_set = decide_deactivation(ANA, state, NO_TOKENS, NOW, BO).write_set
    assert write_set is not None
    assert write_set.stop_timer is not None
    assert (write_set.stop_timer.timer.edited, write_set.stop_timer.timer.covered) == (True, False)
    (update,) = write_set.entries
    assert (update.seconds, update.covered_seconds) == (1_000, 1_000)


def test_deactivation_without_tokens_requires_that_none_are_created() -> None:
    member = replace(ANA, role=Role.MEMBER)
    decision = decide_deactivation(member, PersonState(2149, 7), NO_TOKENS, NOW, None)
    assert decision.records[1:] == (RequireRecord(PersonTokens, 2149, 7, {"version": None}),)
    assert decision.write_set is not None
    assert decision.write_set.person_state == Disable(0, None)


def test_repeated_deactivation_and_restoring_write_nothing() -> None:
    deactivated = replace(ANA, deactivated_at=5)
    repeated = decide_deactivation(deactivated, RUNNING, ANAS_TOKENS, NOW, BO)
    assert (repeated.person, repeated.records, repeated.write_set) == (deactivated, (), None)
    restored = decide_restore(ANA, RUNNING, NOW)
    assert (restored.person, restored.records, restored.write_set) == (ANA, (), None)


def test_restoring_enables_a_disabled_state() -> None:
    deactivated = replace(ANA, deactivated_at=5)
    disabled = PersonState(2149, 7, version=6, disabled=True)
    decision = decide_restore(deactivated, disabled, NOW)
    assert decision.records == (
        UpdateRecord(
            Person,
            2149,
            7,
            {"deactivated_at": None},
            {"role": Role.ADMIN, "deactivated_at": 5, "erased_at": None},
        ),
        PutRecord(ActiveAdmin(7, 2149)),
    )
    assert decision.write_set is not None
    assert decision.write_set.person_state == Enable(6)
    assert decide_restore(deactivated, PersonState(2149, 7), NOW).write_set is None


def test_erasure_marks_a_deactivated_person_first_and_overwrites_the_rest_last() -> None:
    with pytest.raises(Conflict, match="active"):
        decide_erasure(ANA, NOW)
    deactivated = replace(ANA, deactivated_at=5)
    marked = decide_erasure(deactivated, NOW)
    assert marked.records == (
        UpdateRecord(
            Person,
            2149,
            7,
            {"erased_at": NOW},
            {"role": Role.ADMIN, "email": ANA.email, "deactivated_at": 5, "erased_at": None},
        ),
    )
    assert decide_erasure(marked.person, NOW + 1).records == ()
    with pytest.raises(Conflict, match="not marked"):
        decide_overwrite(deactivated)
    overwritten = decide_overwrite(marked.person)
    assert overwritten.person.email == "erased-7@erased.invalid"
    assert overwritten.person.erased_at == NOW
    assert overwritten.records[1:] == (
        CreateRecord(UniqueConstraint("email:erased-7@erased.invalid", 2149, 7)),
        DeleteRecord(UniqueConstraint, 2149, email_constraint("ana@x.example")),
    )
    assert decide_overwrite(overwritten.person).records == ()


def test_erased_person_is_neither_changed_nor_restored() -> None:
    erased = replace(ANA, deactivated_at=5, erased_at=6)
    with pytest.raises(Conflict):
        decide_person_update(erased, {"title": "?"}, ANAS_TOKENS, BO)
    with pytest.raises(Conflict):
        decide_restore(erased, PersonState(2149, 7), NOW)
    assert decide_person_update(erased, {"title": None}, ANAS_TOKENS, BO).records == ()


@pytest.mark.parametrize("email", ["erased-8@erased.invalid", "x@ERASED.Invalid"])
def test_addresses_of_erased_people_are_reserved(email: str) -> None:
    with pytest.raises(InvalidAttribute):
        decide_person_update(ANA, {"email": email}, ANAS_TOKENS, BO)
    # Somebody who has such an address can be changed, and can send it back.
    odd = replace(ANA, email=email)
    assert decide_person_update(odd, {"email": email, "title": "x"}, ANAS_TOKENS, BO).records


def test_only_different_fields_are_updated() -> None:
    updated = replace(ANA, title="CEO")
    assert changed(ANA, updated) == (UpdateRecord(Person, 2149, 7, {"title": "CEO"}),)
    assert changed(ANA, ANA, "role") == ()
