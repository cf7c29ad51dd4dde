"""Runs schemathesis against a local server with demo data, and sees to it that it got somewhere."""

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
    """Fuzz; what to exit with, 0 where nothing was found. The arguments are schemathesis's."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(free_port(), STINT_LOG_LEVEL="ERROR") as server,
    ):
        seen = Path(folder) / "seen.json"
        url = f"http://127.0.0.1:{server.port}/api/v2/openapi.json"
        command = [
            *(str(Path(sys.executable).with_name("schemathesis")), "--no-color"),
            *("--config-file", str(HERE / "schemathesis.toml"), "run", url),
            *(part for pair in HEADERS.items() for part in ("--header", ": ".join(pair))),
            *arguments,
        ]
        environment = {
            **os.environ,
            # Its own files go where this run's do.
            "PYTHONPATH": str(HERE.parents[1]),
            "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks",
            "STINT_FUZZ_SEEN": str(seen),
        }
        done = subprocess.run(command, env=environment, cwd=folder, check=False)
        _, _, described = server.send("GET", "/api/v2/openapi.json", {})
        return done.returncode or "\n".join(shallow(described, json.loads(seen.read_text()))) or 0


def shallow(description: dict[str, Any], seen: dict[str, Any]) -> list[str]:
    """Where the run did not get: it has then shown nothing there."""
    names = [it["operationId"] for path in description["paths"].values() for it in path.values()]
    found = [f"{name} never succeeded" for name in names if not seen["succeeded"].get(name)]
    if not any(_contains(chain, CHAIN) for chain in seen["chains"]):
        found.append(f"no timer went through {', '.join(CHAIN)}")
    return found


def _contains(chain: list[str], steps: list[str]) -> bool:
    rest = iter(chain)
    return all(step in rest for step in steps)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
