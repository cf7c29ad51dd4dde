"""The headers that every write takes: Idempotency-Key and If-Match. Contract sections 4c and 8."""

from typing import Any

from chalicelib.core.errors import InvalidHeader
from chalicelib.core.idempotency import MAX_KEY_LENGTH, IdempotencyKey, fingerprint_of
from chalicelib.core.permissions import Caller, require_view
from chalicelib.core.write_options import WriteOptions
from chalicelib.dynamodb.database import Database
from chalicelib.http.conditional import read_if_match
from chalicelib.http.request import AuthenticatedRequest
from chalicelib.jsonapi.resource import AnyResource

IDEMPOTENCY_KEY = "Idempotency-Key"
IF_MATCH = "If-Match"


def write_options(request: AuthenticatedRequest) -> WriteOptions:
    """Return what a request and its headers ask of its write. A blank header counts as absent.

    Raises :class:`InvalidHeader` if the idempotency key is too long.
    """
    headers = request.request.headers
    # A path without an id names no record, so If-Match has no meaning there.
    names_record = "id" in request.request.route_arguments
    return WriteOptions(
        key=_idempotency_key(request, headers.get(IDEMPOTENCY_KEY.lower(), "").strip()),
        if_match=read_if_match(headers.get(IF_MATCH.lower(), "").strip()) if names_record else None,
        clock_skew=request.clock_skew,
        live_token=request.caller.credential if request.needs_live_token else None,
    )


def check_replay(database: Database, resource: AnyResource, caller: Caller, record: Any) -> None:
    """Check that the caller may still see what an earlier request with the same key returned.

    Since then, the caller may have become a member, and the record may have got another owner. One
    call, for members, if records of the resource can get another owner. Raises ``RecordNotFound``.
    """
    require_view(caller, resource.view, record)
    if resource.view.owner_changes and not caller.is_admin:
        entity, record_id = resource.entity, resource.id(record)
        loaded = database.get_many(
            caller.organization.id, [(entity, record_id)], include_deleted=True
        )
        # Of a record that is gone, only its owner at that request is known.
        require_view(caller, resource.view, loaded.get(entity, record_id) or record)


def _idempotency_key(request: AuthenticatedRequest, key: str) -> IdempotencyKey | None:
    """Return the key of a request. Its fingerprint covers method, path, query and body."""
    http, caller = request.request, request.caller
    if not key:
        return None
    if len(key) > MAX_KEY_LENGTH:
        detail = f"Use at most {MAX_KEY_LENGTH} characters."
        raise InvalidHeader(IDEMPOTENCY_KEY, detail)
    # Sorted by name: a client may repeat the query in another order.
    query = sorted(http.parameters, key=lambda parameter: parameter[0])
    return IdempotencyKey(
        organization_id=caller.organization.id,
        person_id=caller.person_id,
        digest=fingerprint_of(key.encode()),
        fingerprint=fingerprint_of(
            http.method.encode(), http.path.encode(), repr(query).encode(), http.body
        ),
    )
