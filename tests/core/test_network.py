import socket

import pytest
from pytest_socket import SocketBlockedError


def test_domain_tests_cannot_open_a_socket() -> None:
    with pytest.warns(UserWarning, match="socket"), pytest.raises(SocketBlockedError):
        socket.socket()
