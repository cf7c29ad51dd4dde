"""Request pipeline: content negotiation, authentication, dispatch, error responses."""

import logging
import secrets
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import chain
from typing import cast

from chalice.app import Chalice, Request, Response
from msgspec.structs import replace

from chalicelib.api_tokens.authentication import Authenticator
from chalicelib.api_tokens.last_use import LastUse
from chalicelib.core.errors import (
    Conflict,
    MalformedDocument,
    PayloadTooLarge,
    RateLimited,
    ServerError,
    StintError,
    Unavailable,
)
from chalicelib.core.live_access import AccessChanged
from chalicelib.core.permissions import Caller
from chalicelib.core.request_time import limited_time, retries_end_at
from chalicelib.core.settings import Settings
from chalicelib.core.unit_of_work import RETRY_BUDGET_SECONDS
from chalicelib.http.client_clock import CLIENT_TIME, read_clock_skew
from chalicelib.http.conditional import revalidate
from chalicelib.http.public_pages import PublicPage
from chalicelib.http.rate_limit import RequestBudgets
from chalicelib.http.request import AuthenticatedRequest, HttpRequest
from chalicelib.http.responses import HttpResponse, allow_origin, error_response, to_chalice
from chalicelib.http.routing import PublicView, Route
from chalicelib.jsonapi.requests import check_accept, check_content_type

log = logging.getLogger("stint")

MAX_BODY_BYTES = 256 * 1024
"""Larger than every valid document."""

_MAX_AUTHENTICATIONS = 3
"""Times that a request is authenticated while the access of its token changes."""

_RETRY_AFTER_SECONDS = 1

_PUBLIC_REQUESTS = 20
_PUBLIC_WINDOW_SECONDS = 60
"""The budget of an address on routes that need no token."""

Respond = Callable[[HttpRequest], HttpResponse]


def chalice_view(app: Chalice, respond: Respond, settings: Settings) -> Callable[..., Response]:
    """Return a view function for Chalice. It converts the request and the response."""

    def view(**route_arguments: str) -> Response:
        request = cast("Request", app.current_request)
        origin = request.headers.get("origin")
        try:
            response = respond(_read_request(request, route_arguments, settings))
        except _UnreadableRequest as error:
            response = error_response(error)
        if request.method == "HEAD":
            response = replace(response, body="")
        return to_chalice(response, allow_origin(settings.allowed_origins, origin))

    return view


class _UnreadableRequest(MalformedDocument):
    """A request that is not text in UTF-8, or whose body is not what its event says."""


def _read_request(
    request: Request, route_arguments: dict[str, str], settings: Settings
) -> HttpRequest:
    query = request.query_params
    parameters = []
    if query is not None:
        parameters = [(name, value) for name in query for value in query.getlist(name)]
    headers = {name.lower(): value.strip() for name, value in request.headers.items()}
    texts = chain(route_arguments.values(), *parameters, *headers.items())
    try:
        # JSON can contain a lone surrogate, which no response and no item can contain.
        "".join(texts).encode()
        body = request.raw_body
    except ValueError as error:
        raise _UnreadableRequest("The request contains text that is not valid UTF-8.") from error
    return HttpRequest(
        method=request.method,
        path=request.path.format(**route_arguments),
        # API Gateway sets the API's id. Clients cannot change it.
        base_url=settings.public_base_url.replace("{api_id}", request.context.get("apiId", "")),
        route_arguments=route_arguments,
        parameters=parameters,
        headers=headers,
        body=body.encode() if isinstance(body, str) else body,
        # API Gateway sets the address. Clients cannot change it.
        address=request.context.get("identity", {}).get("sourceIp") or "",
    )


class Pipeline:
    """Responds to requests. Raises no errors: logs internal errors and returns them with an id.

    :param clock: returns the present time in seconds since 1970-01-01 UTC.
    :param requests_per_token: the budget of an API token; 0: no budget.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        last_use: LastUse,
        clock: Callable[[], float],
        requests_per_token: int = 0,
    ) -> None:
        self._authenticator = authenticator
        self._last_use = last_use
        self._clock = clock
        self._budgets = RequestBudgets(requests_per_token, clock) if requests_per_token else None
        self._public_budgets = RequestBudgets(
            _PUBLIC_REQUESTS, clock, policy="address", window_seconds=_PUBLIC_WINDOW_SECONDS
        )

    def respond(self, route: Route, request: HttpRequest) -> HttpResponse:
        """Return the response to a request on a route."""
        started = time.perf_counter()
        callers: list[Caller] = []
        budget_headers: dict[str, str] = {}
        try:
            with limited_time(self._clock):
                response = self._respond(route, request, callers, budget_headers)
            if request.method in ("GET", "HEAD"):
                response = revalidate(response, request.headers.get("if-none-match"))
        except Exception as error:  # noqa: BLE001 - every error is rendered
            response = _error_response(route.name, error, callers)
        if budget_headers:
            response = replace(response, headers={**response.headers, **budget_headers})
        _log_request(route.name, request, response, time.perf_counter() - started, callers)
        return response

    def _respond(
        self,
        route: Route,
        request: HttpRequest,
        callers: list[Caller],
        budget_headers: dict[str, str],
    ) -> HttpResponse:
        """Authenticate and call the view. Adds to ``callers`` and ``budget_headers``."""
        headers = request.headers
        # Before authentication, whose database call would count as a difference of the clocks.
        received_at = self._clock()
        _check_body_and_headers(request)
        view = route.view
        if isinstance(view, PublicView):
            _spend(self._public_budgets, request.address, budget_headers)
            response, caller = view.respond(request)
            callers.append(caller)
            return response
        retries_end = retries_end_at(RETRY_BUDGET_SECONDS, received_at)
        for _ in range(_MAX_AUTHENTICATIONS):
            caller = self._authenticator.authenticate(
                headers.get("x-auth-token"),
                headers.get("x-organization-id"),
                organization_required=route.permission.organization_required,
            )
            callers.append(caller)
            if len(callers) == 1 and self._budgets is not None:
                key = caller.organization.id, caller.person_id, caller.token_id
                _spend(self._budgets, key, budget_headers)
            try:
                with self._last_use.recording(caller):
                    return view(_authenticated_request(route, request, caller, received_at))
            except AccessChanged:
                # As in a process that does not remember the token.
                self._authenticator.forget(headers.get("x-auth-token"))
            if self._clock() > retries_end:
                break
        raise Conflict(retry_after=_RETRY_AFTER_SECONDS)


def _spend(budgets: RequestBudgets, key: Hashable, budget_headers: dict[str, str]) -> None:
    """Count a request by its token or address. Raises ``RateLimited`` if its budget is spent."""
    budget = budgets.spend(key)
    budget_headers.update(budget.headers)
    if budget.retry_after is not None:
        raise RateLimited(retry_after=budget.retry_after)


def _authenticated_request(
    route: Route, request: HttpRequest, caller: Caller, received_at: float
) -> AuthenticatedRequest:
    route.permission.check(caller)
    clock_skew = 0
    if route.follows_client_clock:
        clock_skew = read_clock_skew(request.headers.get(CLIENT_TIME.lower()), received_at)
    return AuthenticatedRequest(request, caller, clock_skew, route.needs_live_token)


def _check_body_and_headers(request: HttpRequest) -> None:
    check_accept(request.headers.get("accept"))
    if request.body:
        if len(request.body) > MAX_BODY_BYTES:
            detail = f"The body is too large. Send at most {MAX_BODY_BYTES} bytes."
            raise PayloadTooLarge(detail)
        check_content_type(request.headers.get("content-type"))


def public_page_response(page: PublicPage, request: HttpRequest) -> HttpResponse:
    """Return the response to a request for a public page. Raises no errors."""
    started = time.perf_counter()
    try:
        response = page.respond(request)
    except Exception as error:  # noqa: BLE001 - every error is rendered
        response = _error_response(page.name, error)
    _log_request(page.name, request, response, time.perf_counter() - started)
    return response


def _error_response(route: str, error: Exception, callers: Sequence[Caller] = ()) -> HttpResponse:
    if isinstance(error, StintError):
        if isinstance(error, Unavailable):
            extra = {"route": route, **_caller_ids(callers)}
            log.warning("service unavailable", exc_info=error, extra=extra)
        return error_response(error)
    error_id = secrets.token_hex(8)
    extra = {"error_id": error_id, "route": route, **_caller_ids(callers)}
    log.error("internal error", exc_info=error, extra=extra)
    return error_response(ServerError(), error_id)


def _log_request(
    name: str,
    request: HttpRequest,
    response: HttpResponse,
    seconds: float,
    callers: Sequence[Caller] = (),
) -> None:
    # Do not log headers, parameters and bodies: they contain tokens and personal data.
    log.info(
        "request",
        extra={
            "route": name,
            "method": request.method,
            "status": response.status,
            "milliseconds": round(seconds * 1000, 1),
            **_caller_ids(callers),
        },
    )


def _caller_ids(callers: Sequence[Caller]) -> Mapping[str, int | None]:
    """The ids of the last caller, for log lines; none if nobody was authenticated."""
    if not callers:
        return {}
    caller = callers[-1]
    return {
        "organization_id": caller.organization.id,
        "person_id": caller.person_id,
        "token_id": caller.token_id,
    }
