"""The Idempotency-Key header. Contract section 8."""

from chalicelib.core.errors import InvalidHeader
from chalicelib.core.idempotency import LONGEST_KEY, RequestKey, digest_of
from chalicelib.http.responses import Exchange

_HEADER = "Idempotency-Key"


def request_key(exchange: Exchange) -> RequestKey | None:
    """The key that a request carries, with the fingerprint of method, path, query and body.

    Blank is absent. Raises :class:`InvalidHeader` where it is too long.
    """
    request, caller = exchange.request, exchange.caller
    key = request.headers.get(_HEADER.lower(), "").strip()
    if not key:
        return None
    if len(key) > LONGEST_KEY:
        raise InvalidHeader(_HEADER, f"Use at most {LONGEST_KEY} characters.")
    # Sorted by name: a client may write the same query in another order.
    query = sorted(request.parameters, key=lambda parameter: parameter[0])
    return RequestKey(
        organization_id=caller.organization.id,
        person_id=caller.person_id,
        digest=digest_of(key.encode()),
        fingerprint=digest_of(
            request.method.encode(),
            request.path.encode(),
            repr(query).encode(),
            request.body,
        ),
    )
