"""The command line: log in and out."""

import json
import os
import stat
from collections.abc import Callable, Sequence

import keyring
import keyring.backends.null
import pytest
from keyring.backend import KeyringBackend

from stint_client import Client, Login
from stint_client.generated.api.pairings import create_pairing
from stint_client.generated.models import (
    CreatePairingAttributes,
    CreatePairingBody,
    CreatePairingData,
    CreatePairingDocument,
)
from tests.terminal import LockedKeyring, MemoryKeyring, Terminal


def pairing_code(admin: Client, person_id: str) -> str:
    attributes = CreatePairingAttributes(person_id=person_id)
    document = create_pairing.sync(
        client=admin.api,
        body=CreatePairingBody(data=CreatePairingData(attributes=attributes)),
    )
    assert isinstance(document, CreatePairingDocument)
    assert isinstance(document.meta.code, str)
    return document.meta.code


def test_login_with_a_code(terminal: Terminal, admin: Client, login: Login) -> None:
    code = pairing_code(admin, login.person_id)
    server = login.base_url.removesuffix("/api/v2")
    assert f"Logged in as {login.person_name}" in terminal.text("login", server, code)
    assert (terminal.folder / "token").read_text() not in terminal.text("status", "--json")
    assert terminal.json("status") == {"timer": None}
    terminal.text("logout")
    again = terminal.run("login", server, code)
    assert again.exit_code == 1
    assert "This code is not valid" in again.stderr


def test_login_with_a_link_and_a_prompt(terminal: Terminal, admin: Client, login: Login) -> None:
    server = login.base_url.removesuffix("/api/v2")
    link = f"{server}/app#pair={pairing_code(admin, login.person_id)}"
    assert terminal.json("login", link)["person"]["id"] == login.person_id
    terminal.text("logout")
    code = pairing_code(admin, login.person_id)
    assert "Logged in as" in terminal.text("login", typed=f"{server}\n{code}\n")


def test_login_with_a_token_from_stdin(logged_in: Terminal, login: Login) -> None:
    second = logged_in.run("login", login.base_url, "code")
    assert second.exit_code == 1
    assert "Log out first" in second.stderr
    account = json.loads((logged_in.folder / "account.json").read_text())
    assert account["person_id"] == login.person_id
    assert account["stored_in"] == "file"
    assert login.token not in str(account)


def test_a_link_to_another_api_is_confirmed(terminal: Terminal) -> None:
    link = "https://stint.example.com/app#pair=7K3MQ9XA04TP&api=https%3A%2F%2Fother.example%2Fapi"
    result = terminal.run("login", link, typed="n\n")
    assert "https://other.example/api. Log in there?" in result.output
    assert result.exit_code == 1
    assert not terminal.folder.exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("stint.example.com", "7K3M"), "Use an address such as"),
        (("https://user@stint.example.com", "7K3M"), "Use an address such as"),
        (("http://stint.example.com", "7K3M"), "not encrypted"),
        (("https://stint.example.com", "--token"), "no token has"),
    ],
)
def test_wrong_logins(terminal: Terminal, words: Sequence[str], message: str) -> None:
    result = terminal.run("login", *words, typed="\n")
    assert result.exit_code == 2
    assert message in result.stderr
    assert not terminal.folder.exists()


def test_a_wrong_token_is_not_stored(terminal: Terminal, url: str) -> None:
    terminal.secrets.append("no-such-token")
    result = terminal.run("login", "--token", url, typed="no-such-token\n")
    assert result.exit_code == 3
    assert not terminal.folder.exists()
    unknown = terminal.run("login", "--token", url, "--organization", "1", typed="demo-admin\n")
    assert unknown.exit_code == 1
    assert "2149 (Adriatic Studio)" in unknown.stderr


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_only_the_owner_can_read_the_token(logged_in: Terminal) -> None:
    token = logged_in.folder / "token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert stat.S_IMODE((logged_in.folder / "account.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(logged_in.folder.stat().st_mode) == 0o700
    token.chmod(0o640)
    result = logged_in.run("status")
    assert result.exit_code == 3
    assert "Others can read" in result.stderr
    token.chmod(0o600)
    logged_in.text("status")


@pytest.mark.parametrize("backend", [LockedKeyring, keyring.backends.null.Keyring])
def test_without_a_keyring_that_works_the_token_is_in_a_file(
    terminal: Terminal, login: Login, backend: Callable[[], KeyringBackend]
) -> None:
    keyring.set_keyring(backend())
    terminal.secrets.append(login.token)
    terminal.text("login", "--token", login.base_url, typed=f"{login.token}\n")
    assert (terminal.folder / "token").read_text() == login.token
    terminal.text("status")


def test_the_token_is_in_the_keyring(terminal: Terminal, login: Login) -> None:
    memory = MemoryKeyring()
    keyring.set_keyring(memory)
    terminal.secrets.append(login.token)
    answer = terminal.json("login", "--token", login.base_url, typed=f"{login.token}\n")
    assert answer["stored_in"] == "keyring"
    assert [*memory.passwords.values()] == [login.token]
    assert not (terminal.folder / "token").exists()
    terminal.text("status")
    terminal.text("logout")
    assert memory.passwords == {}
    assert not (terminal.folder / "account.json").exists()


def test_logout_revokes_or_forgets(logged_in: Terminal, login: Login) -> None:
    assert logged_in.json("logout", "--forget") == {"revoked": False}
    logged_in.text("login", "--token", login.base_url, typed=f"{login.token}\n")
    assert logged_in.text("logout") == "Logged out.\n"
    assert [*logged_in.folder.iterdir()] == []
    with Client(login.base_url, login.token, 2149) as client:
        revoked = [error for error in [_log_out_again(client)] if error]
    assert revoked == [401]
    assert logged_in.run("status").exit_code == 3


def _log_out_again(client: Client) -> int:
    """Return the status of a second revocation. It reads the token itself, not the copy of 60 s."""
    try:
        client.log_out()
    except Exception as error:  # noqa: BLE001 - the test compares it
        return int(getattr(error, "status", 0))
    return 0
