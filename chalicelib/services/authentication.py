"""Who is calling: a token and an organization id, checked against the store.

Contract sections 1 and 5. A good pair is remembered for 60 seconds in the process, so that most
requests cost no call; a revoked token or a changed setting may therefore live on for so long.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from chalicelib.domain.directory import Caller
from chalicelib.domain.errors import AccessDenied, InvalidAuthToken, NoOrganizationId
from chalicelib.domain.ids import parse_id
from chalicelib.domain.tokens import digest, well_formed
from chalicelib.services.toolbox import Toolbox

REMEMBERED_SECONDS = 60
_REMEMBERED_CALLERS = 1_000


@dataclass(frozen=True, slots=True)
class _Remembered:
    caller: Caller
    until: float


class Authenticator:
    """Turns the two headers into a :class:`Caller`."""

    def __init__(self, tools: Toolbox) -> None:
        self._tools = tools
        self._callers: OrderedDict[tuple[str, int], _Remembered] = OrderedDict()
        self._lock = threading.Lock()

    def authenticate(self, token: str | None, organization: str | None) -> Caller:
        """The caller. Raises ``InvalidAuthToken``, ``NoOrganizationId`` or ``AccessDenied``.

        The token is looked at first, so that nobody without one learns anything.
        """
        if token is None or not well_formed(token):
            raise InvalidAuthToken
        key = digest(token)
        organization_id = parse_id(organization)
        known = None if organization_id is None else self._recall(key, organization_id)
        return known or self._look_up(key, organization_id)

    def _look_up(self, key: str, organization_id: int | None) -> Caller:
        now = self._tools.now()
        token, organization = self._tools.store.credentials(key, organization_id)
        if token is None or token.expired(now):
            raise InvalidAuthToken
        if organization_id is None:
            raise NoOrganizationId
        if organization is None or token.organization_id != organization_id:
            raise AccessDenied("the token is not of this organization")
        caller = Caller(organization, token.person_id, token.role)
        until: float = now + REMEMBERED_SECONDS
        if token.expires_at is not None:
            until = min(until, token.expires_at)
        self._remember(key, organization_id, _Remembered(caller, until))
        return caller

    def _recall(self, key: str, organization_id: int) -> Caller | None:
        with self._lock:
            known = self._callers.get((key, organization_id))
            if known is None or known.until <= self._tools.clock():
                return None
            return known.caller

    def _remember(self, key: str, organization_id: int, remembered: _Remembered) -> None:
        with self._lock:
            self._callers[key, organization_id] = remembered
            self._callers.move_to_end((key, organization_id))
            while len(self._callers) > _REMEMBERED_CALLERS:
                self._callers.popitem(last=False)
