"""Fixtures: the packaged template, built once per session."""

from pathlib import Path

import pytest

from infra.package import TEMPLATE, build
from tests.support.stack import Json, read, transformed


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Json:
    """The template that ``make package`` writes. It is built without dependencies: faster, and the
    template is the same."""
    folder = tmp_path_factory.mktemp("template")
    build(folder, with_dependencies=False)
    return read(folder / TEMPLATE)


@pytest.fixture(scope="session")
def processed(template: Json) -> Json:
    """The template after the SAM transform, as CloudFormation processes it."""
    return transformed(template)


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that ``make package`` writes, with dependencies."""
    folder = tmp_path_factory.mktemp("package")
    build(folder)
    return folder
