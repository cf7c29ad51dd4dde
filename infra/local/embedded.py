"""DynamoDB inside this process: moto, made safe for threads."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber


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

    with patch.object(BotocoreStubber, "process_request", one_at_a_time), mock_aws():
        yield
