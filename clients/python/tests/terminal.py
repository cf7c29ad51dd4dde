"""A terminal for tests, and keyrings."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from keyring.backend import KeyringBackend

from stint_client.cli.commands import stint


class Terminal:
    """Runs commands as a person does. No output may contain the token."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secrets: list[str] = []
        self.environment = {"STINT_CONFIG_DIR": str(folder), "STINT_PATIENCE": "0"}

    def run(self, *words: str, typed: str | None = None) -> Result:
        result = CliRunner().invoke(stint, words, input=typed, env=self.environment)
        assert not [secret for secret in self.secrets if secret in result.output + result.stderr]
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        assert "Traceback" not in result.output
        return result

    def text(self, *words: str, typed: str | None = None) -> str:
        """Return the output of a command that succeeds."""
        result = self.run(*words, typed=typed)
        assert result.exit_code == 0, result.output
        return result.output

    def json(self, *words: str, typed: str | None = None) -> Any:
        result = self.run(*words, "--json", typed=typed)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


class MemoryKeyring(KeyringBackend):
    """A keyring that works."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.passwords: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.passwords[service, username]


class LockedKeyring(MemoryKeyring):
    """A keyring whose owner refuses to unlock it."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"locked: {service} {username} {len(password)}")
