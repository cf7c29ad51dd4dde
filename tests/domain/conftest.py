"""The domain is pure: its tests cannot open a socket."""

import pytest


@pytest.fixture(autouse=True)
def _disable_sockets(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("socket_disabled")
