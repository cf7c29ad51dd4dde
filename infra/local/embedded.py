"""DynamoDB inside this process: moto, made safe for threads, and kept from slowing down."""

import copy
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

    moto is not thread-safe: without the lock, contests for one item have several winners.
    """
    lock = threading.Lock()
    process_request = BotocoreStubber.process_request

    def one_at_a_time(stubber: BotocoreStubber, request: Any) -> Any:
        with lock:
            return process_request(stubber, request)

    with (
        patch.object(BotocoreStubber, "process_request", one_at_a_time),
        patch.object(StreamShard, "__deepcopy__", _copy_shard, create=True),
        mock_aws(),
    ):
        yield


def _copy_shard(shard: StreamShard, memo: dict[int, Any]) -> StreamShard:
    # For its rollback a transaction copies the tables that it touches, and with them every stream
    # record ever written. Records never change, so a copy of their list will do.
    copied = copy.copy(shard)
    memo[id(shard)] = copied
    copied.table = copy.deepcopy(shard.table, memo)
    copied.items = list(shard.items)
    return copied
