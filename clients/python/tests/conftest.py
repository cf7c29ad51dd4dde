"""Fixtures: the local server with demo data, people of its organization, a scripted server."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import keyring
import keyring.backends.fail
import pytest

from stint_client import Client, Login
from stint_client.generated.api.api_tokens import create_api_token
from stint_client.generated.api.people import create_person
from stint_client.generated.api.services import create_service
from stint_client.generated.models import (
    CreateApiTokenAttributes,
    CreateApiTokenBody,
    CreateApiTokenData,
    CreateApiTokenDocument,
    CreatePersonAttributes,
    CreatePersonBody,
    CreatePersonData,
    CreateServiceAttributes,
    CreateServiceBody,
    CreateServiceData,
    PersonDocument,
    Service,
    ServiceDocument,
)
from stint_client.transport import Retries
from tests.scripted_server import ScriptedServer, scripted_server
from tests.terminal import Terminal

ORGANIZATION = "2149"


@dataclass
class FakeClock:
    """A clock that only ``sleep`` moves."""

    time: float = 0
    sleeps: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.time += seconds

    def retries(self, attempts: int = 6, patience: float = 60) -> Retries:
        return Retries(
            attempts=attempts,
            patience=patience,
            sleep=self.sleep,
            clock=lambda: self.time,
            jitter=lambda: 0.0,
        )


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def script() -> Iterator[ScriptedServer]:
    with scripted_server() as server:
        yield server


@pytest.fixture(scope="session")
def url() -> str:
    """The address of the local server; ``make test-clients-python`` starts it."""
    if "STINT_URL" not in os.environ:
        pytest.fail("STINT_URL is not set. Run `make test-clients-python`.")
    return os.environ["STINT_URL"]


@pytest.fixture(scope="session")
def admin(url: str) -> Iterator[Client]:
    with Client(url, "demo-admin", ORGANIZATION) as client:
        yield client


@pytest.fixture
def login(admin: Client) -> Login:
    """A member of the organization without any time, and a token."""
    return new_login(admin)


@pytest.fixture
def client(login: Login) -> Iterator[Client]:
    with Client(login.base_url, login.token, login.organization_id) as client:
        yield client


@pytest.fixture
def service(admin: Client) -> Callable[[str], Service]:
    """Creates services."""

    def create(name: str) -> Service:
        attributes = CreateServiceAttributes(name=name)
        body = CreateServiceBody(data=CreateServiceData(attributes=attributes))
        document = create_service.sync(client=admin.api, body=body)
        assert isinstance(document, ServiceDocument)
        return document.data

    return create


@pytest.fixture(autouse=True)
def no_keyring() -> Iterator[None]:
    """No test reads or writes the keyring of the computer."""
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "settings")


@pytest.fixture
def logged_in(terminal: Terminal, login: Login) -> Terminal:
    terminal.secrets.append(login.token)
    terminal.text("login", "--token", login.base_url, typed=f"{login.token}\n")
    return terminal


@pytest.fixture
def scripted(terminal: Terminal, script: ScriptedServer) -> Terminal:
    """Logged in on the scripted server."""
    terminal.folder.mkdir(mode=0o700)
    account = {
        "base_url": script.url,
        "organization_id": "2149",
        "organization_name": "Studio",
        "person_id": "8779",
        "person_name": "Ana Horvat",
        "stored_in": "file",
    }
    (terminal.folder / "account.json").write_text(json.dumps(account))
    token = terminal.folder / "token"
    token.write_text("secret-token")
    token.chmod(0o600)
    terminal.secrets.append("secret-token")
    return terminal


def new_login(admin: Client) -> Login:
    name = uuid4().hex[:8]
    person = CreatePersonAttributes(
        first_name="Iva", last_name=name, email=f"{name}@adriatic.example"
    )
    created = create_person.sync(
        client=admin.api, body=CreatePersonBody(data=CreatePersonData(attributes=person))
    )
    assert isinstance(created, PersonDocument)
    token = CreateApiTokenAttributes(name="tests", person_id=created.data.id)
    document = create_api_token.sync(
        client=admin.api, body=CreateApiTokenBody(data=CreateApiTokenData(attributes=token))
    )
    assert isinstance(document, CreateApiTokenDocument)
    assert isinstance(document.meta.token, str)
    return Login(
        base_url=admin.base_url,
        token=document.meta.token,
        organization_id=ORGANIZATION,
        organization_name="Adriatic Studio",
        person_id=created.data.id,
        person_name=f"Iva {name}",
    )
