"""Intercom's endpoint for events (https://developers.intercom.com), off unless configured."""

from http import HTTPStatus

from chalicelib.clients.http_client import Poster
from chalicelib.clients.secrets_manager import Secrets
from chalicelib.deliveries.rules import Answer

HOSTS = {
    "us": "https://api.intercom.io",
    "eu": "https://api.eu.intercom.io",
    "au": "https://api.au.intercom.io",
}
"""Where a workspace is, by its region."""

_VERSION = "2.11"


class Intercom:
    """Posts events. ``token_name`` names the secret that holds the access token."""

    def __init__(self, poster: Poster, secrets: Secrets, token_name: str, url: str) -> None:
        self._poster = poster
        self._secrets = secrets
        self._token_name = token_name
        self._url = f"{url}/events"

    def post(self, body: str) -> Answer:
        """What came of it. A token that was replaced meanwhile is read anew, once.

        Raises ``Unavailable`` where the token cannot be read.
        """
        token = self._secrets.get(self._token_name)
        answer = self._send(body, token)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            fresh = self._secrets.get(self._token_name, other_than=token)
            if fresh != token:
                answer = self._send(body, fresh)
        return answer

    def _send(self, body: str, token: str) -> Answer:
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Intercom-Version": _VERSION,
        }
        return self._poster.post(self._url, body.encode(), headers)
