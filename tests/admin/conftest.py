"""Fixtures of the command line tests."""

import pytest
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from tests.support.operator import Operator
from tools.admin.context import AdminContext


@pytest.fixture
def operator(connection: Connection, dependencies: Dependencies) -> Operator:
    return Operator(
        AdminContext("stint-test-* at the tests", connection, dependencies, on_aws=False)
    )
