"""Run schemathesis against a local server with demo data, and check the coverage of the run."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.support.local_server import free_port, serving

HERE = Path(__file__).parent
HEADERS = {"X-Auth-Token": "demo-admin", "X-Organization-Id": "2149"}
CHAIN = ["start_timer", "show_timer", "stop_timer"]


def main(arguments: list[str]) -> int | str:
    """Run the fuzz tests.

    :param arguments: additional arguments for schemathesis.
    :return: the exit code of schemathesis, or a text with the missing coverage, or 0.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(free_port(), STINT_LOG_LEVEL="ERROR") as server,
    ):
        coverage = Path(folder) / "coverage.json"
        url = f"http://127.0.0.1:{server.port}/api/v2/openapi.json"
        command = [
            *(str(Path(sys.executable).with_name("schemathesis")), "--no-color"),
            *("--config-file", str(HERE / "schemathesis.toml"), "run", url),
            *(part for pair in HEADERS.items() for part in ("--header", ": ".join(pair))),
            *arguments,
        ]
        environment = {
            **os.environ,
            # schemathesis runs in the temporary folder, and writes its files there.
            "PYTHONPATH": str(HERE.parents[1]),
            "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks",
            "STINT_FUZZ_COVERAGE": str(coverage),
        }
        result = subprocess.run(command, env=environment, cwd=folder, check=False)
        _, _, description = server.send("GET", "/api/v2/openapi.json", {})
        return (
            result.returncode
            or "\n".join(_missing_coverage(description, json.loads(coverage.read_text())))
            or 0
        )


def _missing_coverage(description: dict[str, Any], coverage: dict[str, Any]) -> list[str]:
    """List operations that never succeeded, and the missing timer sequence: neither was tested."""
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
