"""Fixtures of the command line tests."""

import pytest
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Toolbox
from tests.support.operator import Operator
from tools.admin.context import Desk


@pytest.fixture
def operator(connection: Connection, tools: Toolbox) -> Operator:
    return Operator(Desk("stint-test-* at the tests", connection, tools, on_aws=False))
