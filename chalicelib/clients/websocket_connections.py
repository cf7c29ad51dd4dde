"""WebSocket connections of API Gateway: sends texts to them, one attempt each."""

from collections.abc import Callable

from botocore.config import Config
from botocore.exceptions import ClientError

from chalicelib.clients.aws import client

_CONFIG = Config(
    connect_timeout=1.0,
    read_timeout=1.0,
    retries={"total_max_attempts": 1, "mode": "standard"},
    max_pool_connections=16,
)
_GONE = "GoneException"


def connection_sender(live_url: str, region: str) -> Callable[[str, str], bool]:
    """Return a function that sends a text to the connection with an id.

    It returns False if there is no such connection, and raises errors of botocore.

    :param live_url: the address of the WebSocket API, with its stage.
    """
    endpoint = live_url.replace("ws", "http", 1)
    management = client("apigatewaymanagementapi", region, endpoint, _CONFIG)

    def send(connection_id: str, text: str) -> bool:
        try:
            management.post_to_connection(ConnectionId=connection_id, Data=text.encode())
        except ClientError as error:
            if error.response["Error"]["Code"] == _GONE:
                return False
            raise
        return True

    return send
