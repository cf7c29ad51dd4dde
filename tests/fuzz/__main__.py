"""Run schemathesis against a local server with demo data, and check the coverage of the run."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.command_line import new_parser
from tests.support.local_server import free_port, serving

HERE = Path(__file__).parent
HEADERS = {"X-Auth-Token": "demo-admin", "X-Organization-Id": "2149"}
CHAIN = ["start_timer", "show_timer", "stop_timer"]
COVERAGE = "coverage.json"
DESCRIPTION = "openapi.json"
SINGLE_REQUESTS = ("--phases", "examples,coverage,fuzzing")
# The code that redeem_pairing needs is in `meta` of one response, so it fails as the first step.
# Schemathesis would start every sequence with it instead of with a create.
SEQUENCES = ("--phases", "stateful", "--exclude-operation-id", "redeem_pairing")
MORE_SEEDS = ("101", "102", "103")


def main(arguments: list[str]) -> int | str:
    """Run the fuzz tests.

    Single requests and sequences of requests have a server each: after thousands of single requests
    there is hardly a service left on which a timer starts. Random sequences may miss an operation:
    then more sequences run, with other seeds.

    :param arguments: additional arguments for schemathesis.
    :return: the exit code of schemathesis, or a text with the missing coverage, or 0.
    """
    parser = new_parser(
        "tests.fuzz", "Send generated requests; other options go to `schemathesis run`."
    )
    _, arguments = parser.parse_known_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        exit_code = _run(folder, [*SINGLE_REQUESTS, *arguments])
        exit_code = exit_code or _run(folder, [*SEQUENCES, *arguments])
        missing = _missing_coverage(folder)
        for seed in MORE_SEEDS:
            if exit_code or not missing:
                break
            exit_code = _run(folder, [*SEQUENCES, *arguments, "--seed", seed])
            missing = _missing_coverage(folder)
        return exit_code or "\n".join(missing) or 0


def _run(folder: Path, arguments: list[str]) -> int:
    """Run schemathesis in a folder against a new server; return the exit code."""
    with serving(free_port(), STINT_LOG_LEVEL="ERROR") as server:
        url = f"http://127.0.0.1:{server.port}/api/v2/openapi.json"
        _, _, description = server.send("GET", "/api/v2/openapi.json", {})
        (folder / DESCRIPTION).write_text(json.dumps(description))
        return _run_schemathesis(url, folder, arguments)


def _run_schemathesis(url: str, folder: Path, arguments: list[str]) -> int:
    """Run schemathesis in a folder, where it writes its files; return its exit code."""
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "--no-color"),
        *("--config-file", str(HERE / "schemathesis.toml"), "run", url),
        *(part for pair in HEADERS.items() for part in ("--header", ": ".join(pair))),
        *arguments,
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(HERE.parents[1]),
        "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks",
        "STINT_FUZZ_COVERAGE": str(folder / COVERAGE),
    }
    return subprocess.run(command, env=environment, cwd=folder, check=False).returncode


def _missing_coverage(folder: Path) -> list[str]:
    """List operations that never succeeded, and the missing timer sequence: neither was tested."""
    description = json.loads((folder / DESCRIPTION).read_text())
    coverage = json.loads((folder / COVERAGE).read_text())
    names = [
        operation["operationId"]
        for path in description["paths"].values()
        for operation in path.values()
    ]
    missing = [f"{name} never succeeded" for name in names if not coverage["succeeded"].get(name)]
    if not any(_contains(chain, CHAIN) for chain in coverage["chains"]):
        missing.append(f"no timer went through {', '.join(CHAIN)}")
    return missing


def _contains(chain: list[str], steps: list[str]) -> bool:
    rest = iter(chain)
    return all(step in rest for step in steps)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
