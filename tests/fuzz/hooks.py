"""Hooks for schemathesis: stricter schemas, existing ids, and a check of error codes.

Schemathesis loads this module (SCHEMATHESIS_HOOKS) in its own process. At exit the module adds
the coverage of the run to the file that STINT_FUZZ_COVERAGE names.
"""

import atexit
import json
import os
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.generation.meta import TestPhase

from tests.support.openapi_checks import close

EXISTING_IDS = {
    "timers": "16",
    "time_entries": "364",
    "organizations": "2149",
    "organization_memberships": "8779",
    "users": "8779",
    "people": "8784",
    "services": "1294",
    "api_tokens": "2",
}
"""Ids of the demo data, by type. It has no webhooks: OpenAPI links give the ids of created ones."""

CALLER_IDS = {"people": "8779", "api_tokens": "1"}
"""Ids of the calling person and of its token: requests read them, and never change them."""

_REPLAY = "PATCH /webhooks/{id}/replay"

_key_numbers = count(1)

succeeded: Counter[str] = Counter()
"""By operation id: the number of successful responses."""

chains: dict[str, list[str]] = {}
"""By id of a started timer: its successful operations, in order."""


@atexit.register
def _write_coverage() -> None:
    file = Path(os.environ["STINT_FUZZ_COVERAGE"])
    earlier = json.loads(file.read_text()) if file.exists() else {"succeeded": {}, "chains": []}
    coverage = {
        "succeeded": succeeded + Counter(earlier["succeeded"]),
        "chains": [*earlier["chains"], *chains.values()],
    }
    file.write_text(json.dumps(coverage))


@schemathesis.hook
def before_load_schema(_: HookContext, raw_schema: dict[str, Any]) -> None:
    """Reject response members that the description does not name."""
    close(raw_schema["components"]["schemas"])


@schemathesis.hook
def map_path_parameters(
    context: HookContext, path_parameters: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Replace half of the ids with existing ones: otherwise most responses are 404."""
    if path_parameters and context.operation is not None:
        existing_id = EXISTING_IDS.get(_type(context.operation.path))
        generated_id = str(path_parameters.get("id"))
        if existing_id is not None and generated_id.isdecimal() and int(generated_id) % 2:
            return {**path_parameters, "id": existing_id}
    return path_parameters


@schemathesis.hook
def before_call(_: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Make a request that the checks can judge.

    Sequences and examples send no If-Match, and use each idempotency key once: a repeat returns the
    record of the first request, which may be deleted by now, and the key of another operation is a
    422. And no request changes the calling person or its token: all later ones would get 401.
    """
    del kwargs
    phase = None if case.meta is None else case.meta.phase.name
    must_succeed = phase in (TestPhase.STATEFUL, TestPhase.EXAMPLES)
    if must_succeed:
        # The tag of an example is never that of the record: almost every request would be a 412.
        case.headers.pop("If-Match", None)
    if phase is TestPhase.EXAMPLES:
        # All examples at the same time contradict each other, and their time is long ago.
        case.headers.pop("Client-Time", None)
        case.query = {}
    if phase is TestPhase.STATEFUL and case.operation.label == _REPLAY:
        # A replay needs both times or `dead_letters`: random attributes rarely have them.
        case.body = {"data": {"type": "webhooks", "attributes": {"dead_letters": True}}}
    if must_succeed and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"key-{next(_key_numbers)}"
    if case.method == "GET" or not case.path_parameters:
        return
    if str(case.path_parameters.get("id")) == CALLER_IDS.get(_type(case.path)):
        case.path_parameters["id"] = "1234567"


@schemathesis.hook
def after_call(_: HookContext, case: Case[Any], response: Response) -> None:
    """Record successful operations."""
    # Schemathesis also tries methods that are not described for the path.
    is_described_method = case.method.upper() == case.operation.method.upper()
    if not (is_described_method and 200 <= response.status_code < 300):
        return
    name = str(case.operation.definition.raw["operationId"])
    succeeded[name] += 1
    if name == "start_timer":
        chains[response.json()["data"]["id"]] = [name]
    elif name in ("show_timer", "stop_timer"):
        timer_id = str((case.path_parameters or {}).get("id"))
        chains.get(timer_id, []).append(name)


@schemathesis.check
def documented_error_codes(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """Check that the description names every error code of a response."""
    if response.status_code < 400 or response.status_code == 405:
        return
    response_description = case.operation.definition.raw["responses"].get(
        str(response.status_code), {}
    )
    (content,) = response_description["content"].values()
    codes = [error["code"] for error in response.json()["errors"]]
    assert content["examples"].keys() >= set(codes), f"not described: {codes}"


def _type(path: str) -> str:
    return path.strip("/").partition("/")[0]
