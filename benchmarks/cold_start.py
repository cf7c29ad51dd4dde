"""Time from process start to the first response: ``make bench-cold-start``.

Compares stint's deployed package with baselines that answer the same request
(``benchmarks/baselines``). AWS's own Lambda runtime client runs each package, with DynamoDB Local
behind TLS. The packages take turns, so that other load on the machine affects all of them equally.
Bytecode is compiled before and never written, as on Lambda's read-only disk.
"""

import json
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.packages import BARE, BASELINES, Package, baseline_package, deployed_archive, stint
from benchmarks.tls import tls_front
from chalicelib.core.settings import Settings
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Database
from chalicelib.registry import models
from infra.command_line import new_parser, whole_number
from infra.lambda_runtime import Function, running
from tools.devserver.demo_data import load_demo_data
from tools.devserver.dynamodb_local import dynamodb_local
from tools.devserver.proxy_events import proxy_event
from tools.environment import allow_any_credentials
from tools.tables import create_tables

_EVENT = proxy_event(
    "GET",
    "/api/v2/timers/{id}",
    {"X-Auth-Token": "demo-admin", "X-Organization-Id": "2149"},
    arguments={"id": "9"},
)
_OK = 200
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Start:
    """One cold start, in milliseconds.

    ``init`` is the time to the end of the initialisation, ``total`` to the first response, ``cpu``
    is the CPU time.
    """

    init: float
    total: float
    cpu: float


def main(arguments: list[str]) -> None:
    """Build the packages, measure in turns, print."""
    parser = new_parser("benchmarks.cold_start", "Measure cold starts of stint and the baselines.")
    parser.add_argument("--runs", type=whole_number, default=20, help="cold starts per package")
    parser.add_argument("--plain", action="store_true", help="HTTP instead of TLS")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        scratch = Path(folder)
        packages = [
            stint(deployed_archive(), scratch),
            *(baseline_package(baseline, scratch) for baseline in BASELINES),
        ]
        endpoint = stack.enter_context(dynamodb_local())
        settings = _load(endpoint)
        environment = _environment(settings)
        if not options.plain:
            front = stack.enter_context(tls_front(endpoint, scratch))
            environment["DYNAMODB_ENDPOINT"] = front.endpoint
            for package in packages:
                package.trust(front.authority)
        _compare_responses(packages, environment)
        starts = _take_turns(packages, environment, options.runs)
    _print(packages, starts, options.runs, "HTTP" if options.plain else "TLS")


def _load(endpoint: str) -> Settings:
    settings = Settings(dynamodb_endpoint=endpoint)
    allow_any_credentials(settings)
    store = Database(connect(settings, models()))
    create_tables()
    load_demo_data(store, int(time.time()))
    return settings


def _environment(settings: Settings) -> dict[str, str]:
    return {
        "DYNAMODB_ENDPOINT": settings.dynamodb_endpoint or "",
        "STINT_TABLE_PREFIX": settings.table_prefix,
        "STINT_ALLOWED_ORIGIN": "https://app.example.com",
        "STINT_LOG_LEVEL": "INFO",
        "STINT_PUBLIC_BASE_URL": "https://{api_id}.execute-api.eu-central-1.amazonaws.com/live",
        # boto3 reads this variable; Lambda sets both.
        "AWS_DEFAULT_REGION": settings.region,
    }


@contextmanager
def _running(package: Package, environment: Mapping[str, str]) -> Iterator[Function]:
    variables = {**environment, "AWS_CA_BUNDLE": str(package.authorities)}
    with (
        Path(os.devnull).open("w") as log,
        running(package.folder, variables, log, package.handler) as function,
    ):
        yield function


def _compare_responses(packages: Sequence[Package], environment: Mapping[str, str]) -> None:
    responses = [_response(package, environment) for package in packages]
    for package, response in zip(packages, responses, strict=True):
        if response != responses[0]:
            sys.exit(f"the response of {package.name} differs from that of stint: {response}")


def _response(package: Package, environment: Mapping[str, str]) -> Any:
    with _running(package, environment) as function:
        value = function.invoke(_EVENT).value
    if value["statusCode"] != _OK:
        sys.exit(f"{package.name}: {value}")
    return json.loads(value["body"])


def _take_turns(
    packages: Sequence[Package], environment: Mapping[str, str], runs: int
) -> dict[str, list[Start]]:
    starts: dict[str, list[Start]] = {package.name: [] for package in packages}
    for number in range(runs):
        # The first package changes in each turn.
        first = number % len(packages)
        for package in (*packages[first:], *packages[:first]):
            starts[package.name].append(_start(package, environment))
    return starts


def _start(package: Package, environment: Mapping[str, str]) -> Start:
    before = _children_cpu()
    with _running(package, environment) as function:
        function.invoke(_EVENT)
        total = time.perf_counter() - function.began
        init = function.initialised - function.began
    return Start(init * 1000, total * 1000, (_children_cpu() - before) * 1000)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _print(
    packages: Sequence[Package], starts: Mapping[str, Sequence[Start]], runs: int, protocol: str
) -> None:
    bare = starts[BARE.name]
    columns = (
        "init, median",
        "first response, min",
        "median",
        "vs. bare",
        "CPU, median",
        "vs. bare",
    )
    print(f"| handler | {' | '.join(columns)} |")
    print(f"| --- |{' ---: |' * len(columns)}")
    for package in packages:
        own = starts[package.name]
        cells = (
            f"{_median(own, 'init'):.0f}",
            f"{min(start.total for start in own):.0f}",
            f"{_median(own, 'total'):.0f}",
            f"{_median(own, 'total') / _median(bare, 'total'):.2f}",
            f"{_median(own, 'cpu'):.0f}",
            f"{_median(own, 'cpu') / _median(bare, 'cpu'):.2f}",
        )
        print(f"| {package.name} | {' | '.join(cells)} |")
    print(
        f"\nMilliseconds from process start; {runs} cold starts per package, in turns; "
        f"DynamoDB Local over {protocol};\n"
        f"Python {platform.python_version()}, {os.cpu_count()} cores. "
        "On a shared machine, CPU time is more reliable than wall-clock time."
    )


def _median(starts: Sequence[Start], field: str) -> float:
    return float(statistics.median(getattr(start, field) for start in starts))


if __name__ == "__main__":
    main(sys.argv[1:])
