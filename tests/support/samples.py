"""Example records, and a sample request for each route.

Each resource has its own: ``tests/<package>/samples.py`` for ``chalicelib/<package>/``.

- ``RECORDS``: at least one record of each entity. The first one of each entity has few values, and
  the ids in it are those of the first records of the other resources. Another one has all values.
- ``SAMPLES``: a request for each route. An admin has the permission to send all of them.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from chalicelib.http.registration import Registration
from chalicelib.http.routing import Route
from chalicelib.registry import REGISTRY
from tests.support.api import JSON_API, ApiClient, Response


@dataclass(frozen=True)
class Sample:
    """A request to a route: the id in its path, the attributes of its document, and its query.

    If the record belongs to a person, it belongs to ``OTHER_MEMBER``.
    """

    record_id: int = 0
    attributes: dict[str, Any] | None = None
    query: str = ""


TIMER = 1_000
"""A placeholder for the id of the running timer of ``OTHER_MEMBER``."""


def samples(registry: Iterable[Registration] = REGISTRY) -> Mapping[str, Sample]:
    """Return the samples of registered resources, by the name of the route."""
    collected: dict[str, Sample] = {}
    for package in dict.fromkeys(map(_package_of, registry)):
        own: dict[str, Sample] = import_module(f"{package}.samples").SAMPLES
        assert not own.keys() & collected.keys()
        collected.update(own)
    return collected


def records(registry: Iterable[Registration] = REGISTRY) -> list[Any]:
    """Return the example records of registered resources."""
    packages = dict.fromkeys(map(_package_of, registry))
    return [each for package in packages for each in import_module(f"{package}.samples").RECORDS]


def send_sample(
    api: ApiClient,
    route: Route,
    method: str,
    timer_id: str,
    registry: Iterable[Registration] = REGISTRY,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Send the sample request of a route."""
    sample = samples(registry)[route.name]
    record_id = timer_id if sample.record_id == TIMER else str(sample.record_id)
    path = route.path.replace("{id}", record_id) + sample.query
    if sample.attributes is None:
        return api.send(method, path, headers=headers)
    data = {"type": route.subject.type, "attributes": sample.attributes}
    body = json.dumps({"data": data}).encode()
    return api.send(method, path, body, {"Content-Type": JSON_API, **(headers or {})})


def _package_of(entry: Registration) -> str:
    """Return the package with the tests of a resource: tests.people for chalicelib.people.api."""
    package = entry.routes.__module__.rpartition(".")[0]
    return package.replace("chalicelib.", "tests.", 1)
