"""What the unit of work refuses to commit, and what it says about an unknown outcome."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Struct
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import Conflict, RecordNotFound, Unavailable
from chalicelib.core.idempotency import IdempotencyKey
from chalicelib.core.unit_of_work import ATTEMPTS, Attempt, Decision, commit_with_retry
from chalicelib.core.write_options import NO_OPTIONS, IfMatch, WriteOptions
from chalicelib.core.write_set import CreateRecord
from chalicelib.services.model import Service
from tests.support.fault_injection import WRITE, Call, cancelled, intercepted, silent
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


class Answers:
    """Answers transactions one after the other, with functions of the real call; then really.

    Notes their request tokens, in ``tokens``.
    """

    def __init__(self, *answers: Callable[[Callable[[], Any]], Any]) -> None:
        self._answers = list(answers)
        self.tokens: list[str] = []

    def wrap(self, real: Call) -> Call:
        """Wrap a call. For :func:`intercepted`."""

        def call(operation: str, arguments: dict[str, Any]) -> Any:
            if operation != WRITE:
                return real(operation, arguments)
            self.tokens.append(arguments["ClientRequestToken"])
            answer = self._answers.pop(0) if self._answers else written
            return answer(lambda: real(operation, arguments))

        return call


def written(send: Callable[[], Any]) -> Any:
    return send()


def written_without_response(send: Callable[[], Any]) -> Any:
    send()
    raise silent()


def lost_before(_: Callable[[], Any]) -> Any:
    raise silent()


def in_conflict(_: Callable[[], Any]) -> Any:
    raise cancelled("TransactionConflict")


def written_with_failed_condition(send: Callable[[], Any]) -> Any:
    """As if the first request with this key had been committed just before."""
    send()
    raise cancelled("ConditionalCheckFailed")


def has_failed_condition(_: Callable[[], Any]) -> Any:
    raise cancelled("ConditionalCheckFailed")


def known_token(_: Callable[[], Any]) -> Any:
    """DynamoDB's answer to a transaction that it has already written. moto ignores tokens."""
    return {}


class Creation:
    """Creates a service, with another id at each decision, and counts decisions."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self.decisions = 0

    def commit(self, options: WriteOptions = NO_OPTIONS) -> Service:
        return commit_with_retry(self._dependencies, options, self._decide).outcome

    def _decide(self, attempt: Attempt) -> Decision[Service]:
        del attempt
        self.decisions += 1
        service = Service(self.decisions, ZAGREB.id, "New")
        return Decision(service, records=(CreateRecord(service),))

    def created(self) -> list[int]:
        services = self._dependencies.database.directory(Service, ZAGREB.id)
        return [service.id for service in services]


@pytest.mark.parametrize("conflicts", [1, 3])
def test_conflict_after_an_unknown_outcome_does_not_decide_again(
    dependencies: Dependencies, connection: Connection, conflicts: int
) -> None:
    creation = Creation(dependencies)
    answers = Answers(written_without_response, *[in_conflict] * conflicts, known_token)
    with intercepted(connection, answers.wrap):
        service = creation.commit()
    assert (service.id, creation.decisions, creation.created()) == (1, 1, [1])
    assert len(answers.tokens) == conflicts + 2
    assert len(set(answers.tokens)) == 1


def test_conflict_after_an_unknown_outcome_that_wrote_nothing_is_sent_again(
    dependencies: Dependencies, connection: Connection
) -> None:
    creation = Creation(dependencies)
    with intercepted(connection, Answers(lost_before, in_conflict).wrap):
        service = creation.commit()
    assert (service.id, creation.decisions, creation.created()) == (1, 1, [1])


def test_failed_condition_after_an_unknown_outcome_is_decided_again(
    dependencies: Dependencies, connection: Connection
) -> None:
    creation = Creation(dependencies)
    with intercepted(connection, Answers(lost_before, in_conflict, has_failed_condition).wrap):
        service = creation.commit()
    assert (service.id, creation.decisions, creation.created()) == (2, 2, [2])


def test_outcome_that_stays_unknown_is_unavailable_and_never_a_conflict(
    dependencies: Dependencies, connection: Connection
) -> None:
    creation = Creation(dependencies)
    answers = Answers(written_without_response, *[in_conflict] * 100)
    with intercepted(connection, answers.wrap), pytest.raises(Unavailable):
        creation.commit()
    assert (creation.decisions, creation.created()) == (1, [1])
    assert len(answers.tokens) == ATTEMPTS


def test_outcome_that_stays_unknown_is_read_by_the_key(
    dependencies: Dependencies, connection: Connection
) -> None:
    creation = Creation(dependencies)
    answers = Answers(written_without_response, *[in_conflict] * 100)
    with intercepted(connection, answers.wrap):
        service = creation.commit(WriteOptions(KEY))
    assert (service.id, creation.decisions, creation.created()) == (1, 1, [1])


def test_key_without_a_record_after_an_unknown_outcome_is_unavailable(
    dependencies: Dependencies, connection: Connection
) -> None:
    creation = Creation(dependencies)
    answers = Answers(lost_before, *[in_conflict] * 100)
    with intercepted(connection, answers.wrap), pytest.raises(Unavailable):
        creation.commit(WriteOptions(KEY))


def test_key_is_read_before_a_conflict(dependencies: Dependencies, connection: Connection) -> None:
    creation = Creation(dependencies)
    failures = [has_failed_condition] * (ATTEMPTS - 1)
    answers = Answers(*failures, written_with_failed_condition)
    with intercepted(connection, answers.wrap):
        service = creation.commit(WriteOptions(KEY))
    assert creation.created() == [service.id]


def test_lost_races_without_a_result_are_a_conflict(
    dependencies: Dependencies, connection: Connection
) -> None:
    creation = Creation(dependencies)
    with (
        intercepted(connection, Answers(*[in_conflict] * 100).wrap),
        pytest.raises(Conflict),
    ):
        creation.commit(WriteOptions(KEY))
    assert (creation.decisions, creation.created()) == (ATTEMPTS, [])


def in_conflict_after_a_resend(send: Callable[[], Any]) -> Any:
    """As if botocore had sent the transaction twice within the call, the first time in vain."""
    send()
    error = cancelled("TransactionConflict")
    response: Any = error.response
    response["ResponseMetadata"] = {"RetryAttempts": 1}
    raise error


def test_conflict_after_a_resend_of_the_client_does_not_decide_again(
    dependencies: Dependencies, connection: Connection
) -> None:
    creation = Creation(dependencies)
    answers = Answers(in_conflict_after_a_resend, in_conflict, known_token)
    with intercepted(connection, answers.wrap):
        service = creation.commit()
    assert (service.id, creation.decisions, creation.created()) == (1, 1, [1])
