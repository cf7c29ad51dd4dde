"""The packaged template, built once."""

from pathlib import Path

import pytest

from infra.package import TEMPLATE, build
from tests.support.stack import Json, read, transformed


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Json:
    """What ``make package`` writes; without dependencies, which it does not depend on."""
    folder = tmp_path_factory.mktemp("template")
    build(folder, with_dependencies=False)
    return read(folder / TEMPLATE)


@pytest.fixture(scope="session")
def processed(template: Json) -> Json:
    """What CloudFormation creates."""
    return transformed(template)


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that ``make package`` fills, dependencies and all."""
    folder = tmp_path_factory.mktemp("package")
    build(folder)
    return folder
