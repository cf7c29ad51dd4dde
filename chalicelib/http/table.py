"""The route table: everything that is served, in one place."""

from chalicelib.core.dependencies import Toolbox
from chalicelib.http.directory import people_routes, self_routes, service_routes, token_routes
from chalicelib.http.routing import Route
from chalicelib.http.time_entries import time_entry_routes
from chalicelib.http.timers import timer_routes
from chalicelib.http.webhooks import webhook_routes


def route_table(tools: Toolbox) -> tuple[Route, ...]:
    """Every route."""
    return (
        *timer_routes(tools),
        *time_entry_routes(tools),
        *self_routes(tools),
        *people_routes(tools),
        *service_routes(tools),
        *token_routes(tools),
        *webhook_routes(tools),
    )
