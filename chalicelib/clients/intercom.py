"""Intercom's API for events (https://developers.intercom.com). Used only if configured."""

from http import HTTPStatus

from chalicelib.clients.http_client import WebhookClient
from chalicelib.clients.secrets_manager import Secrets
from chalicelib.deliveries.model import WebhookResponse

HOSTS = {
    "us": "https://api.intercom.io",
    "eu": "https://api.eu.intercom.io",
    "au": "https://api.au.intercom.io",
}
"""Base URLs by the region of the workspace."""

_VERSION = "2.11"


class Intercom:
    """Posts events to Intercom. ``token_name`` is the name of the secret with the access token."""

    def __init__(self, client: WebhookClient, secrets: Secrets, token_name: str, url: str) -> None:
        self._client = client
        self._secrets = secrets
        self._token_name = token_name
        self._url = f"{url}/events"

    def post(self, body: str) -> WebhookResponse:
        """Post an event. If Intercom rejects the token, read the token and post again, once.

        Raises ``Unavailable`` if the token cannot be read.
        """
        token = self._secrets.get(self._token_name)
        response = self._send(body, token)
        if response.status == HTTPStatus.UNAUTHORIZED:
            new_token = self._secrets.get(self._token_name, other_than=token)
            if new_token != token:
                response = self._send(body, new_token)
        return response

    def _send(self, body: str, token: str) -> WebhookResponse:
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Intercom-Version": _VERSION,
        }
        return self._client.post(self._url, body.encode(), headers)
