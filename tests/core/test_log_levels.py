"""The log level is that of stint's own lines; libraries stay at WARNING."""

import logging
from collections.abc import Iterator

import pytest

from chalicelib.core.settings import set_log_levels

LIBRARIES = ("botocore", "botocore.endpoint", "botocore.parsers", "pynamodb", "urllib3", "chalice")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    loggers = [logging.getLogger(), logging.getLogger("stint")]
    levels = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARN", "ERROR"])
def test_level_is_that_of_stint_only(level: str) -> None:
    # As Lambda's runtime does when ApplicationLogLevel is DEBUG.
    logging.getLogger().setLevel(logging.DEBUG)
    set_log_levels(level)
    assert logging.getLogger("stint").getEffectiveLevel() == logging.getLevelName(level)
    for name in LIBRARIES:
        assert logging.getLogger(name).getEffectiveLevel() >= logging.WARNING
