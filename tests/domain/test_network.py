import socket

import pytest
from pytest_socket import SocketBlockedError


def test_no_test_of_this_room_can_open_a_socket() -> None:
    with pytest.warns(UserWarning, match="socket"), pytest.raises(SocketBlockedError):
        socket.socket()
