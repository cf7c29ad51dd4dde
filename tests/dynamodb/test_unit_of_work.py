"""What the unit of work refuses to commit: operations that forget a header of a write."""

import pytest
from msgspec import Struct
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import RecordNotFound
from chalicelib.core.idempotency import IdempotencyKey
from chalicelib.core.unit_of_work import Attempt, Decision, commit_with_retry
from chalicelib.core.write_options import IfMatch, WriteOptions
from chalicelib.core.write_set import CreateRecord
from chalicelib.services.model import Service
from tests.support.fixtures import ADMIN, ZAGREB
from tests.support.table_snapshots import snapshot

SERVICE = Service(5, ZAGREB.id, "New")
KEY = IdempotencyKey(ZAGREB.id, ADMIN, "d" * 64, "f" * 64)


class Undeclared(Struct):
    """A result that no slice declares."""


def test_operation_that_forgets_if_match_writes_nothing(
    dependencies: Dependencies, connection: Connection
) -> None:
    before = snapshot(connection)

    def decide(attempt: Attempt) -> Decision[Service]:
        del attempt
        return Decision(SERVICE, records=(CreateRecord(SERVICE),))

    with pytest.raises(LookupError, match="If-Match"):
        commit_with_retry(dependencies, WriteOptions(if_match=IfMatch(None)), decide)
    assert snapshot(connection) == before


def test_repeat_that_sees_a_change_before_the_record_of_its_key_is_replayed(
    dependencies: Dependencies,
) -> None:
    def create(attempt: Attempt) -> Decision[Service]:
        del attempt
        return Decision(SERVICE, records=(CreateRecord(SERVICE),))

    def decide(attempt: Attempt) -> Decision[Service]:
        del attempt
        # The first request is committed after this one has read the record of the key.
        first = commit_with_retry(dependencies, WriteOptions(KEY), create)
        assert not first.replayed
        raise RecordNotFound

    result = commit_with_retry(dependencies, WriteOptions(KEY), decide)
    assert (result.outcome, result.replayed) == (SERVICE, True)


def test_error_of_an_operation_without_an_earlier_request_is_raised(
    dependencies: Dependencies,
) -> None:
    def decide(attempt: Attempt) -> Decision[Service]:
        del attempt
        raise RecordNotFound

    with pytest.raises(RecordNotFound):
        commit_with_retry(dependencies, WriteOptions(KEY), decide)


def test_undeclared_result_of_an_operation_with_a_key_writes_nothing(
    dependencies: Dependencies, connection: Connection
) -> None:
    before = snapshot(connection)

    def decide(attempt: Attempt) -> Decision[Undeclared]:
        del attempt
        return Decision(Undeclared(), records=(CreateRecord(SERVICE),))

    with pytest.raises(LookupError, match="Undeclared"):
        commit_with_retry(dependencies, WriteOptions(KEY), decide)
    assert snapshot(connection) == before
