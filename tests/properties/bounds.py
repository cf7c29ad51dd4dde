"""How much of a property is tried."""

from hypothesis import HealthCheck, settings

from tests.support.engine import ENDPOINT


def bounded(examples: int, steps: int = 0) -> settings:
    """So many examples, however slow the machine; on a server, where each costs more, a third."""
    return settings(
        max_examples=examples if ENDPOINT is None else examples // 3,
        stateful_step_count=steps or 50,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
