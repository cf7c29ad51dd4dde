"""The log line of a request: who sent it, by ids only. Contract section 11."""

import logging
from typing import Any

import pytest
from chalice.app import Chalice

from tests.support.api import Api
from tests.support.fixtures import ADMIN, MEMBER, STRANGER, ZAGREB, Fixtures, token_id

IDS = ("organization_id", "person_id", "token_id")


@pytest.fixture(autouse=True)
def _logging(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "stint")


def last_line(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    lines = [vars(record) for record in caplog.records if record.message == "request"]
    return lines[-1]


def ids(caplog: pytest.LogCaptureFixture) -> tuple[Any, ...]:
    line = last_line(caplog)
    return tuple(line.get(name) for name in IDS)


def test_log_line_has_the_ids_of_the_caller(
    admin: Api, member: Api, caplog: pytest.LogCaptureFixture
) -> None:
    assert admin.get("/people").status == 200
    assert ids(caplog) == (ZAGREB.id, ADMIN, token_id(ADMIN))
    for path, status in (("/webhooks", 403), ("/timers/5", 404), ("/timers?sort=x", 400)):
        assert member.get(path).status == status
        assert last_line(caplog)["status"] == status
        assert ids(caplog) == (ZAGREB.id, MEMBER, token_id(MEMBER))


def test_log_line_of_a_stranger_has_no_ids(
    app: Chalice, fixtures: Fixtures, caplog: pytest.LogCaptureFixture
) -> None:
    for headers in ({"X-Auth-Token": "nonsense"}, {}, fixtures.headers(STRANGER, ZAGREB)):
        assert Api(app, headers).get("/people").status in (401, 403)
        assert ids(caplog) == (None, None, None)


def test_internal_error_has_the_ids_of_the_caller(
    admin: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert admin.get("/people").status == 200

    def fail(*_: Any, **__: Any) -> None:
        raise LookupError

    monkeypatch.setattr("chalicelib.dynamodb.database.query_all", fail)
    assert admin.get("/people").status == 500
    (line,) = (vars(record) for record in caplog.records if record.message == "internal error")
    assert tuple(line[name] for name in IDS) == (ZAGREB.id, ADMIN, token_id(ADMIN))


def test_log_line_has_no_token_and_no_personal_data(
    admin: Api, fixtures: Fixtures, caplog: pytest.LogCaptureFixture
) -> None:
    document = {"data": {"attributes": {"first_name": "Secretname"}}}
    assert admin.patch(f"/people/{MEMBER}?secretparameter=1", document).status == 200
    values = [
        str(value)
        for record in caplog.records
        if record.name == "stint"
        for value in vars(record).values()
    ]
    assert values
    for secret in (fixtures.tokens[ADMIN], "Secretname", "secretparameter"):
        assert secret not in " ".join(values)
