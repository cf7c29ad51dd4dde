"""The account of this computer: a file of settings, and the token in the system's keyring.

Without a keyring, the token is in a file that only its owner can read.
"""

import json
import os
import stat
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import click
from platformdirs import user_config_path

from stint_client import Login
from stint_client.cli.failures import ExitCode, Failure

_KEYRING_SERVICE = "stint"
_FOLDER_MODE = 0o700
_FILE_MODE = 0o600

TokenPlace = Literal["keyring", "file"]


@dataclass(frozen=True, slots=True)
class Account:
    """Who is logged in, without the token.

    :param stored_in: where the token is.
    """

    base_url: str
    organization_id: str
    organization_name: str
    person_id: str
    person_name: str
    stored_in: TokenPlace = "file"

    @property
    def key(self) -> str:
        """The name of the token in the keyring."""
        return f"{self.base_url} {self.organization_id}/{self.person_id}"


class AccountStore:
    """Reads and writes the account.

    :param folder: default: ``STINT_CONFIG_DIR``, or else the system's folder for settings.
    """

    def __init__(self, folder: Path | None = None) -> None:
        configured = os.environ.get("STINT_CONFIG_DIR")
        self._folder = folder or (Path(configured) if configured else user_config_path("stint"))
        self._account_file = self._folder / "account.json"
        self._token_file = self._folder / "token"

    @property
    def token_file(self) -> Path:
        """The file of the token, if it is not in the keyring."""
        return self._token_file

    def load(self) -> Account | None:
        """Return the account; None: nobody is logged in."""
        try:
            return Account(**json.loads(self._account_file.read_text("utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, TypeError, OSError):
            raise Failure(
                f"{self._account_file} cannot be read. Delete it, and log in again.",
                ExitCode.NOT_LOGGED_IN,
                "not_logged_in",
            ) from None

    def token(self, account: Account) -> str:
        """Return the token of the account."""
        if account.stored_in == "keyring":
            token = _read_from_keyring(account.key)
        else:
            token = self._read_token_file()
        if not token:
            raise Failure(
                "The token is not where it was stored. "
                "Log in again: stint logout --forget, then stint login",
                ExitCode.NOT_LOGGED_IN,
                "not_logged_in",
            )
        return token

    def prepare(self) -> None:
        """Create the folder: before a code is used, because its token could not be stored."""
        self._folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        self._folder.chmod(_FOLDER_MODE)
        if not os.access(self._folder, os.W_OK):
            raise Failure(f"{self._folder} cannot be written.", code="os")

    def save(self, login: Login) -> Account:
        """Store a login."""
        account = Account(
            base_url=login.base_url,
            organization_id=login.organization_id,
            organization_name=login.organization_name,
            person_id=login.person_id,
            person_name=login.person_name,
        )
        if _write_to_keyring(account.key, login.token):
            account = replace(account, stored_in="keyring")
        else:
            self._write(self._token_file, login.token)
        self._write(self._account_file, json.dumps(asdict(account), indent=2) + "\n")
        return account

    def delete(self, account: Account) -> None:
        """Delete the account and its token."""
        if account.stored_in == "keyring":
            _delete_from_keyring(account.key)
        self._token_file.unlink(missing_ok=True)
        self._account_file.unlink(missing_ok=True)

    def _write(self, file: Path, text: str) -> None:
        """Write a file that only its owner can read, at no time anybody else."""
        self.prepare()
        unfinished = file.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        unfinished.replace(file)

    def _read_token_file(self) -> str | None:
        try:
            mode = self._token_file.stat().st_mode
            if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise Failure(
                    f"Others can read {self._token_file}. "
                    "Log out and in again, because they may have a copy of the token: "
                    f"chmod 600 {self._token_file}, then stint logout",
                    ExitCode.NOT_LOGGED_IN,
                    "unsafe_token_file",
                )
            return self._token_file.read_text("utf-8").strip()
        except FileNotFoundError:
            return None


def _write_to_keyring(key: str, token: str) -> bool:
    """Return whether the keyring has the token. Some backends store nothing, without an error."""
    import keyring  # noqa: PLC0415 - slow to import; most commands do not write

    try:
        keyring.set_password(_KEYRING_SERVICE, key, token)
        return keyring.get_password(_KEYRING_SERVICE, key) == token
    except Exception as error:  # noqa: BLE001 - backends raise errors of their own libraries
        click.echo(f"This system has no keyring that works ({type(error).__name__}).", err=True)
        return False


def _read_from_keyring(key: str) -> str | None:
    import keyring  # noqa: PLC0415 - not needed if the token is in a file

    try:
        return keyring.get_password(_KEYRING_SERVICE, key)
    except Exception as error:
        raise Failure(
            f"The system's keyring does not answer ({type(error).__name__}). "
            "Unlock it, and try again.",
            ExitCode.NOT_LOGGED_IN,
            "keyring_locked",
        ) from error


def _delete_from_keyring(key: str) -> None:
    import keyring  # noqa: PLC0415 - see above
    from keyring.errors import PasswordDeleteError  # noqa: PLC0415

    try:
        keyring.delete_password(_KEYRING_SERVICE, key)
    except PasswordDeleteError:
        return
    except Exception as error:
        raise Failure(
            f"The system's keyring does not answer ({type(error).__name__}). "
            "Unlock it, and try again: stint logout --forget",
            ExitCode.REFUSED,
            "keyring_locked",
        ) from error
