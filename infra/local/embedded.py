"""DynamoDB inside this process: moto, made safe for threads, and kept from slowing down."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from moto.dynamodb.models.table import StreamShard


@contextmanager
def embedded_dynamodb() -> Iterator[None]:
    """Answer every AWS call of this process from memory, one at a time.

    moto is not thread-safe: without the lock, contests for one item have several winners. Streams
    stay empty, since nothing reads them: moto would keep every record for ever, and copy them all
    in each transaction.
    """
    lock = threading.Lock()
    process_request = BotocoreStubber.process_request

    def one_at_a_time(stubber: BotocoreStubber, request: Any) -> Any:
        with lock:
            return process_request(stubber, request)

    def keep_no_record(_shard: StreamShard, _old: Any, _new: Any) -> None:
        pass

    with (
        patch.object(BotocoreStubber, "process_request", one_at_a_time),
        patch.object(StreamShard, "add", keep_no_record),
        mock_aws(),
    ):
        yield
