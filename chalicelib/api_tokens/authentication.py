"""Who is calling: a token and an organization id, checked against the store.

Contract sections 1 and 5. A good pair is remembered for 60 seconds in the process, so that most
requests cost no call; a revoked token or a changed setting may therefore live on for so long.
"""

import threading
from collections import OrderedDict

from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import AccessDenied, InvalidAuthToken, NoOrganizationId
from chalicelib.core.ids import parse_id
from chalicelib.dataclass import dataclass
from chalicelib.domain.directory import Caller, Organization, Token
from chalicelib.domain.tokens import digest, well_formed

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
        self._callers: OrderedDict[str, _Remembered] = OrderedDict()
        self._lock = threading.Lock()

    def authenticate(
        self, token: str | None, organization: str | None, *, organization_needed: bool = True
    ) -> Caller:
        """The caller. Raises ``InvalidAuthToken``, ``NoOrganizationId`` or ``AccessDenied``.

        The token is looked at first, so that nobody without one learns anything. Where no
        organization is needed, none that is said is looked at: the token knows its own.
        """
        if token is None or not well_formed(token):
            raise InvalidAuthToken
        key = digest(token)
        if not organization_needed:
            return self._recall(key) or self._look_up_its_own(key)
        organization_id = parse_id(organization)
        known = self._recall(key)
        if known is not None and known.organization.id == organization_id:
            return known
        return self._look_up(key, organization_id)

    def _look_up_its_own(self, key: str) -> Caller:
        now = self._tools.now()
        token, _ = self._tools.store.credentials(key, None)
        if token is None or token.expired(now):
            raise InvalidAuthToken
        _, organization = self._tools.store.credentials(key, token.organization_id)
        if organization is None:
            raise InvalidAuthToken
        return self._admit(token, organization, now)

    def _look_up(self, key: str, organization_id: int | None) -> Caller:
        now = self._tools.now()
        token, organization = self._tools.store.credentials(key, organization_id)
        if token is None or token.expired(now):
            raise InvalidAuthToken
        if organization_id is None:
            raise NoOrganizationId
        if organization is None or token.organization_id != organization_id:
            raise AccessDenied("This token does not belong to this organization.")
        return self._admit(token, organization, now)

    def _admit(self, token: Token, organization: Organization, now: int) -> Caller:
        caller = Caller(organization, token.person_id, token.role)
        until: float = now + REMEMBERED_SECONDS
        if token.expires_at is not None:
            until = min(until, token.expires_at)
        self._remember(token.digest, _Remembered(caller, until))
        return caller

    def _recall(self, key: str) -> Caller | None:
        with self._lock:
            known = self._callers.get(key)
            if known is None or known.until <= self._tools.clock():
                return None
            return known.caller

    def _remember(self, key: str, remembered: _Remembered) -> None:
        with self._lock:
            self._callers[key] = remembered
            self._callers.move_to_end(key)
            while len(self._callers) > _REMEMBERED_CALLERS:
                self._callers.popitem(last=False)
