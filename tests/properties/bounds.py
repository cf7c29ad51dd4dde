"""Hypothesis settings for property tests."""

import os

from hypothesis import HealthCheck, settings

from tests.support.engine import ENDPOINT

ACTS = int(os.environ.get("STINT_ACTS", "0"))
"""How many acts the stateful test does in total; 0: as many as ``make test`` has time for."""


def bounded(examples: int, steps: int = 0) -> settings:
    """Return settings without time limits. With a DynamoDB server, run a third of the examples.

    :param steps: the maximum number of steps of a stateful test; 0 means 50.
    """
    return settings(
        max_examples=examples if ENDPOINT is None else examples // 3,
        stateful_step_count=steps or 50,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
