"""Check 6: live updates: tickets, connections and messages, through the deployed WebSocket API.

What AWS's documentation says and MiniStack does not do, and is not checked here: it keeps no copy
of the routes in a deployment, has no limits of routes, no access logs of WebSocket APIs, and closes
neither idle nor old connections.
"""

import json
from urllib.parse import urlsplit, urlunsplit

import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from chalicelib.live.model import LiveConnections
from tests.emulator.ministack import Emulator
from tests.emulator.stage import GatewayClient, Stage, deployed
from tests.emulator.webhooks import SECONDS
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    MEMBER,
    MEMBERS_ENTRY,
    ZAGREB,
    Fixtures,
    create_fixtures,
)
from tests.support.receiver import eventually
from tools.tables import empty_tables

pytestmark = pytest.mark.emulator

QUIET_SECONDS = 3


@pytest.fixture(scope="module")
def sockets(emulator: Emulator) -> Stage:
    """A deployed stage whose functions use the emulator's own address of the WebSocket API."""
    stage = deployed(Stage(emulator, "sockets"))
    assert stage.outputs()["LiveUrl"].startswith(f"wss://{stage.resource('WebsocketAPI')}.")
    stage.use_local_sockets()
    return stage


@pytest.fixture
def records(sockets: Stage) -> Fixtures:
    """The records of the fixtures in the tables of the stage."""
    database = sockets.database()
    empty_tables()
    return create_fixtures(database)


@pytest.fixture
def admin(sockets: Stage, records: Fixtures) -> GatewayClient:
    """An admin of the stage."""
    return sockets.client(records.headers(ADMIN))


def address(client: GatewayClient) -> str:
    """Ask for a ticket, and return the address with it."""
    created = client.post("/live_tickets", {"data": {"type": "live_tickets"}})
    assert created.status == 201, created.body
    url: str = created.meta["url"]
    return url


def opened(client: GatewayClient) -> ClientConnection:
    """Open a connection with a new ticket."""
    return connect(address(client), open_timeout=SECONDS)


def received(socket: ClientConnection) -> dict[str, list[str]]:
    """Return the next message."""
    message: dict[str, list[str]] = json.loads(socket.recv(timeout=SECONDS))
    return message


def refusal(url: str) -> int:
    """Return the status with which the handshake is refused."""
    with pytest.raises(InvalidStatus) as refused:
        connect(url, open_timeout=SECONDS)
    status: int = refused.value.response.status_code
    return status


def test_start_by_http_is_a_message_on_the_other_device(
    sockets: Stage, records: Fixtures, admin: GatewayClient
) -> None:
    member = sockets.client(records.headers(MEMBER))
    with opened(admin) as phone, opened(admin) as laptop, opened(member) as colleague:
        started = admin.start(time_entry_id=ADMINS_ENTRY)
        assert started.status == 201, started.body
        for device in (phone, laptop):
            assert set(received(device)["changed"]) <= {"timers", "time_entries"}
        with pytest.raises(TimeoutError):
            colleague.recv(timeout=QUIET_SECONDS)
        assert member.start(time_entry_id=MEMBERS_ENTRY).status == 201
        assert received(colleague)["changed"]


def test_wrong_and_used_tickets_are_refused(admin: GatewayClient) -> None:
    url = address(admin)
    scheme, host, path, _, _ = urlsplit(url)
    assert refusal(urlunsplit((scheme, host, path, "", ""))) == 403
    assert refusal(urlunsplit((scheme, host, path, "ticket=wrong", ""))) == 403
    with connect(url, open_timeout=SECONDS):
        assert refusal(url) == 403


def test_text_of_a_client_is_not_answered_and_keeps_the_connection(admin: GatewayClient) -> None:
    with opened(admin) as socket:
        for text in ("ping", '{"action": "$connect"}', "{"):
            socket.send(text)
        with pytest.raises(TimeoutError):
            socket.recv(timeout=QUIET_SECONDS)
        admin.start(time_entry_id=ADMINS_ENTRY)
        assert received(socket)["changed"]


def test_the_event_fan_out_may_push_but_not_close(sockets: Stage, admin: GatewayClient) -> None:
    """Its policy names this API, its stage, and the method that sends."""
    functions, iam = sockets.emulator.client("lambda"), sockets.emulator.client("iam")
    function = functions.get_function_configuration(FunctionName=sockets.resource("EventFanout"))
    role = function["Role"].rpartition("/")[2]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    path = urlsplit(function["Environment"]["Variables"]["STINT_LIVE_URL"]).path
    user = sockets.emulator.user(policy)
    fanout = sockets.emulator.client("apigatewaymanagementapi", user, path)
    with opened(admin) as socket:
        (connection,) = connection_ids(sockets)
        fanout.post_to_connection(ConnectionId=connection, Data=b"text")
        assert socket.recv(timeout=SECONDS) == "text"
        with pytest.raises(ClientError, match="not authorized"):
            fanout.delete_connection(ConnectionId=connection)


def test_connection_that_ended_is_removed_at_a_push(sockets: Stage, admin: GatewayClient) -> None:
    with opened(admin) as socket:
        pass
    with pytest.raises(ConnectionClosed):
        socket.recv()
    assert len(connection_ids(sockets)) == 1
    # API Gateway may not know a new connection yet: only an older one is removed.
    assert eventually(lambda: ended_by_a_change(sockets, admin), SECONDS)


def ended_by_a_change(stage: Stage, client: GatewayClient) -> bool:
    """Change something, which pushes; return whether no connection is stored."""
    client.stop(client.start(time_entry_id=ADMINS_ENTRY).data["id"])
    return not connection_ids(stage)


def connection_ids(stage: Stage) -> list[str]:
    """Return the ids of the stored connections of the admin."""
    stored = stage.database().get(LiveConnections, ZAGREB.id, ADMIN)
    return [] if stored is None else [each.id for each in stored.connections]


def test_stage_without_live_updates_has_no_tickets(sockets: Stage, admin: GatewayClient) -> None:
    """Last: it changes the stage."""
    deployed(sockets, "LiveUpdates=no")
    assert "LiveUrl" not in sockets.outputs()
    response = admin.post("/live_tickets", {"data": {"type": "live_tickets"}})
    assert (response.status, response.error["code"]) == (404, "live_unavailable")
    assert admin.start(time_entry_id=ADMINS_ENTRY).status == 201
