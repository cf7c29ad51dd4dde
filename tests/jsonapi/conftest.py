"""Documents are processed without I/O: the tests in this package cannot open a socket."""

import pytest


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("socket_disabled")
