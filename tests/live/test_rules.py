"""Decisions of live updates: which connections end, and what a message says."""

import pytest

from chalicelib.live.model import CONNECTION_SECONDS, MAX_CONNECTIONS, LiveConnection
from chalicelib.live.rules import is_gone, message, surplus_connections

NOW = 1_000_000


def connection(name: str, ends_in: int) -> LiveConnection:
    return LiveConnection(NOW + ends_in, name)


def test_connections_that_ended_are_surplus() -> None:
    ended, ending, open_one = connection("a", -1), connection("b", 0), connection("c", 1)
    assert surplus_connections((open_one, ended, ending), NOW) == {ended, ending}


def test_oldest_connections_beyond_the_maximum_are_surplus() -> None:
    connections = [connection(f"c{number}", number) for number in range(1, MAX_CONNECTIONS + 3)]
    assert surplus_connections(connections[::-1], NOW) == {*connections[:2]}
    assert surplus_connections(connections[2:], NOW) == set()


@pytest.mark.parametrize(("age", "gone"), [(0, False), (9, False), (10, True), (7000, True)])
def test_unknown_connection_is_gone_once_it_had_time_to_open(age: int, gone: bool) -> None:
    assert is_gone(connection("a", CONNECTION_SECONDS - age), NOW) is gone


def test_message_names_types_and_nothing_else() -> None:
    assert message({"timers", "time_entries"}) == '{"changed":["time_entries","timers"]}'
