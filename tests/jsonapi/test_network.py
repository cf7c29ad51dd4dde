import socket

import pytest
from pytest_socket import SocketBlockedError


def test_tests_of_this_package_cannot_open_sockets() -> None:
    with pytest.warns(UserWarning, match="socket"), pytest.raises(SocketBlockedError):
        socket.socket()
