"""The one way through: negotiate, authenticate, answer; whatever goes wrong becomes a document."""

import logging
import secrets
import time
from collections.abc import Callable

from chalicelib.api_tokens.authentication import Authenticator
from chalicelib.core.errors import PayloadTooLarge, ServerError, StintError, Unavailable
from chalicelib.http.conditional import revalidate
from chalicelib.http.docs_pages import Page
from chalicelib.http.replies import error_reply
from chalicelib.http.responses import Exchange, HttpRequest, Reply
from chalicelib.http.routing import Route
from chalicelib.jsonapi.media_types import check_accept, check_content_type

log = logging.getLogger("stint")

MAX_BODY_BYTES = 256 * 1024
"""More than any document here needs."""


class Pipeline:
    """Answers requests. Never raises: a fault of ours is logged, and answered with an id."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    def answer(self, route: Route, request: HttpRequest) -> Reply:
        """The reply to a request on a route."""

        def make() -> Reply:
            reply = route.view(self._admit(route, request))
            if request.method == "GET":
                return revalidate(reply, request.headers.get("if-none-match"))
            return reply

        return _answer(route.name, request, make)

    def _admit(self, route: Route, request: HttpRequest) -> Exchange:
        headers = request.headers
        check_accept(headers.get("accept"))
        if request.body:
            if len(request.body) > MAX_BODY_BYTES:
                detail = f"The body is too large. Send at most {MAX_BODY_BYTES} bytes."
                raise PayloadTooLarge(detail)
            check_content_type(headers.get("content-type"))
        caller = self._authenticator.authenticate(
            headers.get("x-auth-token"),
            headers.get("x-organization-id"),
            organization_needed=route.access.organization_needed,
        )
        route.access.check(caller)
        return Exchange(request, caller)


def open_page(page: Page, request: HttpRequest) -> Reply:
    """The reply to whoever asks for a page. Never raises, either."""
    return _answer(page.name, request, lambda: page.make(request))


def _answer(name: str, request: HttpRequest, make: Callable[[], Reply]) -> Reply:
    began = time.perf_counter()
    try:
        reply = make()
    except StintError as error:
        if isinstance(error, Unavailable):
            log.warning("service unavailable", exc_info=True, extra={"route": name})
        reply = error_reply(error)
    except Exception:
        error_id = secrets.token_hex(8)
        log.exception("internal error", extra={"error_id": error_id, "route": name})
        reply = error_reply(ServerError(), error_id)
    _log_request(name, request, reply, time.perf_counter() - began)
    return reply


def _log_request(name: str, request: HttpRequest, reply: Reply, seconds: float) -> None:
    # Neither headers nor parameters nor bodies: they hold tokens and what people work on.
    log.info(
        "request",
        extra={
            "route": name,
            "method": request.method,
            "status": reply.status,
            "milliseconds": round(seconds * 1000, 1),
        },
    )
