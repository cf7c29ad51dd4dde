"""Documents in and out are pure: no test here can open a socket."""

import pytest


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("socket_disabled")
