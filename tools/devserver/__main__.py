"""Start the local server: ``make run``, or ``stint-dev``.

Reads HOST, PORT, STINT_DEMO (0: no demo data), STINT_DATA, FRESH, ENGINE and DYNAMODB_ENDPOINT from
the environment, in addition to the application's settings.
"""

import argparse
import errno
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from types import FrameType

from botocore.exceptions import ClientError
from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies, build_dependencies
from chalicelib.core.settings import Settings, read_settings
from chalicelib.counters.repository import CounterModel
from chalicelib.dynamodb.connection import connect, table_name
from chalicelib.dynamodb.database import Database
from chalicelib.handlers.auto_stop import EVERY_MINUTES
from chalicelib.handlers.counter_rollup import roll_up_records
from chalicelib.handlers.live_connect import accept_connection
from chalicelib.http.application import create_app
from chalicelib.registry import models
from infra.aws.credentials import endpoint_problem, is_aws
from infra.command_line import new_parser
from tools.data_folder import DataFolderError
from tools.devserver.aws_services import create_aws_services
from tools.devserver.demo_data import load_demo_data
from tools.devserver.event_feeds import delivery_feed, event_feeds
from tools.devserver.gateway import Gateway
from tools.devserver.live_sockets import LiveSockets, live_url
from tools.devserver.local_database import (
    DatabaseOptionsError,
    LocalDatabase,
    database_options,
    local_database,
)
from tools.devserver.queue_feed import running_queue_feed
from tools.devserver.schedule import running_schedule
from tools.devserver.server import LocalServer
from tools.devserver.store import StoreError
from tools.devserver.stream_feed import Feed, running_feeds
from tools.environment import allow_any_credentials, log_to_terminal
from tools.error_messages import REPORTED_ERRORS, describe_error
from tools.tables import create_tables

_LOOPBACK = "127.0.0.1"
_PORT = 8000
_LAST_PORT = 65_535
# A local engine may be busy.
_READ_TIMEOUT_SECONDS = 20
_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_ENVIRONMENT = f"""\
environment:
  HOST               the address to listen on; default {_LOOPBACK}
  PORT               default {_PORT}
  STINT_DATA         the folder that keeps the data; default .data; none: in memory only
  FRESH              1: start over; the data until now are moved to the folder's backups
  ENGINE             dynamodb-local: AWS's own engine (needs Java and npm); default: embedded
  DYNAMODB_ENDPOINT  a DynamoDB-compatible server that runs already
  STINT_DEMO         0: no demo data
"""

_ADDRESSES = """
  Home  {url}/
  API   {url}/api/v2
  Docs  {url}/docs
  App   {url}/app/
  Admin {url}/admin/

  DYNAMODB_ENDPOINT={endpoint}
"""

_HINTS = """\
Open the app and tap "Try the demo", or paste in another terminal:

  # list the timers
  curl -g '{url}/api/v2/timers' \\
    -H 'X-Auth-Token: demo-admin' -H 'X-Organization-Id: 2149'

  # start a timer on time entry 364 (the running timer stops)
  curl '{url}/api/v2/timers' \\
    -H 'X-Auth-Token: demo-admin' -H 'X-Organization-Id: 2149' \\
    -H 'Content-Type: application/vnd.api+json' \\
    -d '{{"data": {{"type": "timers", "attributes": {{"time_entry_id": 364}}}}}}'

  # stop timer 16, which has been running for an hour
  curl -X PATCH '{url}/api/v2/timers/16/stop' \\
    -H 'X-Auth-Token: demo-admin' -H 'X-Organization-Id: 2149'

  # send every start and stop to a webhook receiver on this machine
  curl '{url}/api/v2/webhooks' \\
    -H 'X-Auth-Token: demo-admin' -H 'X-Organization-Id: 2149' \\
    -H 'Content-Type: application/vnd.api+json' \\
    -d '{{"data": {{"attributes": {{"name": "mine", "url": "http://127.0.0.1:9000/"}}}}}}'

Press Ctrl-C to stop.
"""

_EMPTY_HINTS = """\
The tables are empty unless they were used before. To create an organization, in another terminal:

  .venv/bin/stint-admin organizations create "Example Studio" --time-zone Europe/Zagreb \\
    --first-name Ana --last-name Horvat --email ana@example.com

Press Ctrl-C to stop.
"""


_NO_LIVE = "none: HOST is no address for clients; set STINT_PUBLIC_BASE_URL to one that they reach"


def main() -> None:
    """Serve until interrupted or terminated."""
    _parser().parse_args()
    # Explicitly, because a shell starts background jobs with interrupts ignored.
    for number in _ENDING_SIGNALS:
        signal.signal(number, _interrupt)
    with suppress(KeyboardInterrupt):
        _serve()
    print("Stopped.")


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End the server once: it stops in order, also if Ctrl-C is pressed again meanwhile."""
    del number, frame
    for each in _ENDING_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _serve() -> None:
    settings = read_settings(os.environ)
    host = os.environ.get("HOST") or _LOOPBACK
    port = _port(os.environ.get("PORT") or str(_PORT))
    demo = _flag("STINT_DEMO")
    _check_endpoint(settings.dynamodb_endpoint)
    log_to_terminal(settings.log_level)
    with ExitStack() as stack:
        database = stack.enter_context(_open(settings))
        settings = database.settings
        allow_any_credentials(settings)
        server = stack.enter_context(_bind(host, port))
        if not os.environ.get("STINT_PUBLIC_BASE_URL"):
            settings = replace(settings, public_base_url=server.url)
        # For development, webhook receivers on this machine are allowed.
        settings = replace(
            create_aws_services(settings, database.webhook_key()),
            local_receivers=True,
            live_url=settings.live_url or live_url(settings.public_base_url),
        )
        connections = LiveSockets()
        dependencies, feeds = _set_up(settings, database, connections, demo=demo)
        server.gateway = Gateway(create_app(settings, dependencies))
        connections.accept = partial(accept_connection, dependencies)
        server.live = connections
        stack.callback(connections.close)
        stack.enter_context(running_schedule(dependencies))
        stack.enter_context(running_feeds(feeds))
        stack.enter_context(running_queue_feed(delivery_feed(dependencies)))
        endpoint = stack.enter_context(database.reachable())
        print(_ADDRESSES.format(url=server.url, endpoint=endpoint))
        print((_HINTS if demo else _EMPTY_HINTS).format(url=settings.public_base_url), flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()
        print("\nStopping ...", flush=True)


def _parser() -> argparse.ArgumentParser:
    return new_parser(
        "stint-dev",
        "Serve the API on this machine, with demo data. For development only.",
        epilog=_ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _port(text: str) -> int:
    if text.isdecimal() and int(text) <= _LAST_PORT:
        return int(text)
    sys.exit(f"PORT must be a number up to {_LAST_PORT}, not {text!r}")


def _check_endpoint(endpoint: str | None) -> None:
    """Exit if the endpoint is no address, or is AWS."""
    if endpoint is None:
        return
    problem = endpoint_problem(endpoint)
    if problem is not None:
        sys.exit(f"DYNAMODB_ENDPOINT {problem}")
    if is_aws(endpoint):
        sys.exit(
            "DYNAMODB_ENDPOINT is AWS: the demo data has public tokens and must not be stored there"
        )


def _flag(name: str) -> bool:
    text = os.environ.get(name) or "1"
    if text in ("0", "1"):
        return text == "1"
    sys.exit(f"{name} must be 0 or 1, not {text!r}")


def _bind(host: str, port: int) -> LocalServer:
    try:
        return LocalServer(host, port)
    except OSError as error:
        other_port = f"PORT={port + 1 if port < _LAST_PORT else _PORT}"
        is_port = error.errno in (errno.EADDRINUSE, errno.EACCES)
        attempt = other_port if is_port else f"HOST={_LOOPBACK}"
        sys.exit(f"Cannot listen on {host}:{port}: {error.strerror}. Try: {attempt} make run")


@contextmanager
def _open(settings: Settings) -> Iterator[LocalDatabase]:
    try:
        with local_database(settings, database_options(os.environ)) as database:
            yield database
    except (DatabaseOptionsError, DataFolderError, StoreError) as error:
        sys.exit(str(error))


def _set_up(
    settings: Settings, opened: LocalDatabase, connections: LiveSockets, *, demo: bool
) -> tuple[Dependencies, list[Feed]]:
    """Create tables and demo data, and open the streams before the first write."""
    open_stream = opened.open_stream
    connection = connect(settings, models(), _READ_TIMEOUT_SECONDS)
    database = Database(connection)
    try:
        created = create_tables()
    except REPORTED_ERRORS as error:
        sys.exit(f"No tables at {opened.place}: {describe_error(error)}")
    opened.load()
    dependencies = build_dependencies(database, settings)
    try:
        feeds = [
            Feed(open_stream(table_name(CounterModel)), partial(roll_up_records, dependencies)),
            *event_feeds(dependencies, open_stream, connections.send),
        ]
    except ClientError as error:
        sys.exit(
            f"No table streams at {opened.place}. DYNAMODB_ENDPOINT must be a server with DynamoDB "
            f"Streams, such as DynamoDB Local. {describe_error(error)}"
        )
    with opened.together():
        # As of now: timer 16 has been running for an hour at this moment.
        loaded = demo and load_demo_data(database, int(time.time()))
    not_loaded = "none added: the tables have data" if demo else "none"
    print("stint, local server. For development: demo tokens, no encryption, one machine.")
    print(f"  database  {opened.place}")
    print(f"  tables    {len(created)} created, named {settings.table_prefix}-*")
    print(f"  demo data {'loaded' if loaded else not_loaded}")
    print(f"  auto-stop every {EVERY_MINUTES} minutes")
    print("  webhooks  delivered at once, also to http:// on this machine")
    print(f"  live      {settings.live_url or _NO_LIVE}")
    return dependencies, feeds


if __name__ == "__main__":
    main()
