"""The secrets that a stack uses: they must exist, and must not be scheduled for deletion."""

from collections.abc import Callable, Mapping
from typing import Any

from infra.aws.errors import SettingError


class SecretStore:
    """Secrets Manager. ``say`` prints progress."""

    def __init__(self, client: Any, say: Callable[[str], None]) -> None:
        self._client = client
        self._say = say

    def usable_key(self, secret_id: str) -> str | None:
        """Return the ARN of the key of webhooks, or None if it does not exist.

        A key that is scheduled for deletion is restored: webhook receivers know secrets that are
        derived from it, and its name is not free until it is deleted.
        """
        described = self._describe(secret_id)
        if described is None:
            return None
        if "DeletedDate" in described:
            self._say(f"  {described['Name']} was scheduled for deletion: restoring it")
            self._client.restore_secret(SecretId=described["ARN"])
        arn: str = described["ARN"]
        return arn

    def check(self, parameters: Mapping[str, str]) -> None:
        """Raise SettingError if a setting names a secret that cannot be used.

        A key of webhooks that is scheduled for deletion is restored.
        """
        key, token = parameters["WebhookKey"], parameters["IntercomToken"]
        if key and self.usable_key(key) is None:
            raise SettingError(_unusable("WebhookKey", key, "does not exist. Create it"))
        if token:
            described = self._describe(token)
            if described is None:
                raise SettingError(_unusable("IntercomToken", token, "does not exist. Create it"))
            if "DeletedDate" in described:
                command = f"`aws secretsmanager restore-secret --secret-id {token}`"
                problem = f"is scheduled for deletion. Restore it ({command})"
                raise SettingError(_unusable("IntercomToken", token, problem))

    def _describe(self, secret_id: str) -> dict[str, Any] | None:
        try:
            described: dict[str, Any] = self._client.describe_secret(SecretId=secret_id)
        except self._client.exceptions.ResourceNotFoundException:
            return None
        return described


def _unusable(setting: str, secret: str, problem: str) -> str:
    return (
        f'{setting}: the secret {secret} {problem}, or pass another one: SET="{setting}=ARN", '
        f'or none: SET="{setting}=".'
    )
