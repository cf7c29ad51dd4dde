"""What schemathesis is told beyond the description: stricter schemas, known ids, a check of ours.

It loads this by SCHEMATHESIS_HOOKS, in a process of its own, and leaves what it saw in the file
that STINT_FUZZ_SEEN names.
"""

import atexit
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response

from tests.support.described import close

KNOWN = {
    "timers": "16",
    "time_entries": "364",
    "organizations": "2149",
    "organization_memberships": "8779",
    "users": "8779",
    "people": "8784",
    "services": "1294",
    "api_tokens": "2",
}
"""Ids of demo data, by type. Of webhooks there are none: what is created is followed by links."""

OWN = {"people": "8779", "api_tokens": "1"}
"""Who calls, and by which token: these are looked at, and never touched."""

succeeded: Counter[str] = Counter()
"""How often each operation did what it is for."""

chains: dict[str, list[str]] = {}
"""What was done to each timer that was started, in order."""


@atexit.register
def _leave_what_was_seen() -> None:
    seen = {"succeeded": succeeded, "chains": list(chains.values())}
    Path(os.environ["STINT_FUZZ_SEEN"]).write_text(json.dumps(seen))


@schemathesis.hook
def before_load_schema(_: HookContext, raw_schema: dict[str, Any]) -> None:
    """An answer may have no member that is not described."""
    close(raw_schema["components"]["schemas"])


@schemathesis.hook
def map_path_parameters(
    context: HookContext, path_parameters: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Half of the ids are of something that exists: else all that is found is 404."""
    if path_parameters and context.operation is not None:
        known = KNOWN.get(_type(context.operation.path))
        given = str(path_parameters.get("id"))
        if known is not None and given.isdecimal() and int(given) % 2:
            return {**path_parameters, "id": known}
    return path_parameters


@schemathesis.hook
def before_call(_: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Nobody saws off the branch that they sit on: the rest of the run would be 401."""
    del kwargs
    if case.method == "GET" or not case.path_parameters:
        return
    if str(case.path_parameters.get("id")) == OWN.get(_type(case.path)):
        case.path_parameters["id"] = "1234567"


@schemathesis.hook
def after_call(_: HookContext, case: Case[Any], response: Response) -> None:
    """Keep in mind what worked."""
    # Other methods are tried on the same path, some of them in vain.
    is_its_own = case.method.upper() == case.operation.method.upper()
    if not (is_its_own and 200 <= response.status_code < 300):
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
    """An operation answers no error code that its description does not name."""
    if response.status_code < 400 or response.status_code == 405:
        return
    described = case.operation.definition.raw["responses"].get(str(response.status_code), {})
    (content,) = described["content"].values()
    codes = [error["code"] for error in response.json()["errors"]]
    assert content["examples"].keys() >= set(codes), f"not described: {codes}"


def _type(path: str) -> str:
    return path.strip("/").partition("/")[0]
