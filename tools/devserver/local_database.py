"""The database of the local server: embedded, DynamoDB Local, or a server that runs already.

The first two keep their data in a folder (:mod:`tools.data_folder`).
"""

import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.core.settings import Settings
from chalicelib.counters.repository import CounterModel
from chalicelib.dynamodb.connection import table_name
from tools.data_folder import DataFolder, data_folder
from tools.devserver.dynamodb_local import dynamodb_local
from tools.devserver.dynamodb_port import dynamodb_port
from tools.devserver.embedded import embedded_dynamodb
from tools.devserver.kept_data import KeptData
from tools.devserver.store import Store
from tools.devserver.stream_feed import ServedStream, Stream

ENGINES = ("embedded", "dynamodb-local")
_OPEN_ENGINE = (
    "DynamoDB Local listens on all interfaces and needs no password: everybody who reaches this "
    "machine can read and change the kept data. Use a firewall, or the embedded engine."
)


class DatabaseOptionsError(ValueError):
    """The environment has an option that is unknown, or two that exclude each other."""


class DatabaseOptions(Struct, frozen=True):
    """Which database the environment selects. ``folder`` None: nothing is kept."""

    folder: DataFolder | None
    engine: str = ENGINES[0]
    fresh: bool = False


class LocalDatabase(Struct, frozen=True):
    """An opened database, without tables in it yet.

    :param settings: with the endpoint of a server, if it is one.
    :param open_stream: returns the stream of a table.
    :param place: where the data are, for people.
    """

    settings: Settings
    open_stream: Callable[[str], Stream]
    place: str
    folder: DataFolder | None = None
    kept: KeptData | None = None

    def webhook_key(self) -> str:
        """Return the key from which secrets of webhooks are derived: as long as the data."""
        new = secrets.token_urlsafe(48)
        return new if self.kept is None else self.kept.secret("webhook-key", new)

    def load(self) -> None:
        """Load the kept items and messages. Their tables and queues exist."""
        if self.kept is not None:
            self.kept.load(self.settings.region)

    def together(self) -> AbstractContextManager[None]:
        """Keep what is written in this context completely, or not at all."""
        return nullcontext() if self.kept is None else self.kept.together()

    @contextmanager
    def reachable(self) -> Iterator[str]:
        """Let commands reach the tables while the context lasts; yield the endpoint."""
        with ExitStack() as stack:
            endpoint = self.settings.dynamodb_endpoint
            if endpoint is None:
                endpoint = stack.enter_context(dynamodb_port(self.settings.region))
            if self.folder is not None:
                prefix = self.settings.table_prefix
                stack.enter_context(self.folder.announced(endpoint, prefix))
            yield endpoint


def database_options(environment: Mapping[str, str]) -> DatabaseOptions:
    """Read STINT_DATA, ENGINE and FRESH. Raises :class:`DatabaseOptionsError`."""
    engine = environment.get("ENGINE") or ENGINES[0]
    fresh = environment.get("FRESH") or "0"
    if engine not in ENGINES:
        raise DatabaseOptionsError(f"ENGINE must be {' or '.join(ENGINES)}, not {engine!r}")
    if fresh not in ("0", "1"):
        raise DatabaseOptionsError(f"FRESH must be 0 or 1, not {fresh!r}")
    options = DatabaseOptions(data_folder(environment), engine, fresh == "1")
    if environment.get("DYNAMODB_ENDPOINT"):
        if options.fresh or environment.get("ENGINE"):
            raise DatabaseOptionsError(
                "DYNAMODB_ENDPOINT selects a database that keeps its data itself: "
                "set it without ENGINE and FRESH"
            )
        return DatabaseOptions(None)
    return options


@contextmanager
def local_database(settings: Settings, options: DatabaseOptions) -> Iterator[LocalDatabase]:
    """Open the database. Raises ``DataFolderError`` and ``StoreError``."""
    with ExitStack() as stack:
        folder, kept, lock = options.folder, None, None
        if folder is not None:
            lock = stack.enter_context(folder.locked())
            if options.fresh:
                for replaced in folder.set_aside(folder.database, folder.dynamodb_local):
                    print(f"Starting over. The data until now: {_shown(replaced)}")
            store = Store(folder.database)
            stack.callback(store.close)
            kept = KeptData(store)
        if settings.dynamodb_endpoint is None and options.engine == ENGINES[1]:
            data = None if folder is None else folder.dynamodb_local
            if data is not None:
                print(_OPEN_ENGINE, file=sys.stderr)
            endpoint = stack.enter_context(dynamodb_local(data, lock))
            settings = replace(settings, dynamodb_endpoint=endpoint)
        if settings.dynamodb_endpoint is None:
            streams = stack.enter_context(embedded_dynamodb(kept=kept))
            place = "in memory (moto); lost when the server stops"
            if folder is not None:
                place = f"{_shown(folder.database)} (FRESH=1 starts over)"
            yield LocalDatabase(settings, streams.listen, place, folder, kept)
            return
        # Queues and secrets are always in this process.
        stack.enter_context(embedded_dynamodb(any_credentials=False, kept=kept))
        place = settings.dynamodb_endpoint
        if folder is not None:
            place += f", {_shown(folder.dynamodb_local)} (FRESH=1 starts over)"
        yield LocalDatabase(settings, partial(served_stream, settings), place, folder, kept)


def served_stream(settings: Settings, table: str) -> Stream:
    """The stream of a table on a server that may have records of earlier runs.

    The counters need all of them. The events of earlier runs were sent then.
    """
    return ServedStream(settings, table, from_beginning=table == table_name(CounterModel))


def _shown(path: os.PathLike[str]) -> str:
    return os.path.relpath(path)
