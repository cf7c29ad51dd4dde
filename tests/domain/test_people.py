"""Adding, changing and letting go people, as decisions."""

from dataclasses import replace

import pytest

from chalicelib.domain.changes import BlockSlot, OpenSlot
from chalicelib.domain.directory import ApiToken, Claim, Person, Role, Token, TokenList
from chalicelib.domain.errors import InvalidAttribute
from chalicelib.domain.people import (
    adding,
    decide_deactivation,
    decide_person_change,
    decide_restoring,
    email_claim,
)
from chalicelib.domain.records import (
    ChangeRecord,
    CreateRecord,
    DeleteRecord,
    RequireRecord,
    changed,
)
from chalicelib.domain.timers import RunningTimer, Slot, StopReason

NOW = 10_000
ANA = Person(7, 2149, "Ana", "Horvat", "Ana@x.example", Role.ADMIN, 0)
BO = replace(ANA, id=8, first_name="Bo", email="bo@x.example")
TOKENS = TokenList(
    7, 2149, 3, tuple(ApiToken(n, 2149, 7, str(n), f"digest {n}", 0) for n in (1, 2))
)
NONE = TokenList(7, 2149)
WORKS = Slot(2149, 7, version=5, running=RunningTimer(3, 364, 9_000, 12_600), last_timer_id=3)
STILL_ADMIN = RequireRecord(Person, 2149, 8, {"role": Role.ADMIN, "deactivated_at": None})


def test_adding_claims_the_address() -> None:
    assert adding(ANA) == (CreateRecord(ANA), CreateRecord(Claim("email:ana@x.example", 2149, 7)))


def test_another_address_moves_the_claim_and_another_case_does_not() -> None:
    decided = decide_person_change(ANA, {"email": "a@x.example"}, TOKENS, None)
    assert decided.records[1:] == (
        CreateRecord(Claim("email:a@x.example", 2149, 7)),
        DeleteRecord(Claim, 2149, email_claim("ANA@x.example")),
    )
    same = decide_person_change(ANA, {"email": "ana@X.example"}, TOKENS, None)
    assert len(same.records) == 1


def test_what_stays_the_same_writes_nothing() -> None:
    assert decide_person_change(ANA, {"first_name": "Ana"}, TOKENS, None).records == ()


def test_a_role_reaches_every_token_and_keeps_an_admin() -> None:
    decided = decide_person_change(ANA, {"role": Role.MEMBER}, TOKENS, BO)
    assert decided.person.role is Role.MEMBER
    assert decided.records == (
        ChangeRecord(
            Person,
            2149,
            7,
            {"role": Role.MEMBER},
            {"role": Role.ADMIN, "email": ANA.email, "deactivated_at": None},
        ),
        STILL_ADMIN,
        ChangeRecord(TokenList, 2149, 7, {"version": 4}, {"version": 3}),
        ChangeRecord(Token, 2149, "digest 1", {"role": Role.MEMBER}),
        ChangeRecord(Token, 2149, "digest 2", {"role": Role.MEMBER}),
    )


def test_the_last_admin_stays_one() -> None:
    with pytest.raises(InvalidAttribute, match="last active admin"):
        decide_person_change(ANA, {"role": Role.MEMBER}, NONE, None)
    with pytest.raises(InvalidAttribute, match="last active admin"):
        decide_deactivation(ANA, WORKS, NONE, NOW, None)


def test_deactivating_stops_blocks_and_revokes() -> None:
    decided = decide_deactivation(ANA, WORKS, TOKENS, NOW, BO)
    assert decided.person.deactivated_at == NOW
    assert decided.records[1:] == (
        STILL_ADMIN,
        ChangeRecord(TokenList, 2149, 7, {"tokens": (), "version": 4}, {"version": 3}),
        DeleteRecord(Token, 2149, "digest 1"),
        DeleteRecord(Token, 2149, "digest 2"),
    )
    changes = decided.changes
    assert changes is not None
    assert changes.slot == BlockSlot(5, NOW)
    assert changes.stop_timer is not None
    assert changes.stop_timer.stop_reason is StopReason.DEACTIVATED
    assert changes.entries[0].seconds == 1_000


@pytest.mark.parametrize(
    ("now", "stop", "reason"),
    [
        (8_990, 9_000, StopReason.DEACTIVATED),
        (12_600, 12_600, StopReason.DEACTIVATED),
        (12_601, 12_600, StopReason.AUTO),
    ],
)
def test_what_runs_ends_between_its_start_and_its_limit(
    now: int, stop: int, reason: StopReason
) -> None:
    changes = decide_deactivation(ANA, WORKS, NONE, now, BO).changes
    assert changes is not None
    assert changes.stop_timer is not None
    assert (changes.stop_timer.stopped_at, changes.stop_timer.stop_reason) == (stop, reason)
    assert changes.slot == BlockSlot(5, stop)


def test_whoever_has_no_tokens_gets_none_meanwhile() -> None:
    member = replace(ANA, role=Role.MEMBER)
    decided = decide_deactivation(member, Slot(2149, 7), NONE, NOW, None)
    assert decided.records[1:] == (RequireRecord(TokenList, 2149, 7, {"version": None}),)
    assert decided.changes is not None
    assert decided.changes.slot == BlockSlot(0, None)


def test_doing_it_again_does_nothing() -> None:
    gone = replace(ANA, deactivated_at=5)
    again = decide_deactivation(gone, WORKS, TOKENS, NOW, BO)
    assert (again.person, again.records, again.changes) == (gone, (), None)
    back = decide_restoring(ANA, WORKS, NOW)
    assert (back.person, back.records, back.changes) == (ANA, (), None)


def test_restoring_opens_the_slot_if_it_is_blocked() -> None:
    gone = replace(ANA, deactivated_at=5)
    blocked = Slot(2149, 7, version=6, blocked=True)
    decided = decide_restoring(gone, blocked, NOW)
    assert decided.records == (
        ChangeRecord(Person, 2149, 7, {"deactivated_at": None}, {"deactivated_at": 5}),
    )
    assert decided.changes is not None
    assert decided.changes.slot == OpenSlot(6)
    assert decide_restoring(gone, Slot(2149, 7), NOW).changes is None


def test_only_what_differs_is_changed() -> None:
    after = replace(ANA, title="CEO")
    assert changed(ANA, after) == (ChangeRecord(Person, 2149, 7, {"title": "CEO"}),)
    assert changed(ANA, ANA, "role") == ()
