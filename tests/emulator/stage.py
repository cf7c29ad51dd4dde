"""A stage of stint on the emulator: deploy it, send requests to it, run the commands on it."""

import json
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from subprocess import CompletedProcess
from typing import Any

from chalicelib.core.settings import Settings
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Database
from chalicelib.registry import models
from infra.stack.template import api_stage
from tests.emulator.ministack import BIN, REGION, Emulator, run
from tests.support.api import ApiClient, Response


@dataclass(frozen=True)
class Stage:
    """A stage by its name. It need not be deployed."""

    emulator: Emulator
    name: str

    @property
    def stack(self) -> str:
        """The name of its stack, which is the prefix of its tables' names."""
        return f"stint-{self.name}"

    def make(
        self, target: str, *words: str, environment: Mapping[str, str | None] | None = None
    ) -> CompletedProcess[str]:
        """Run ``make deploy`` or ``make destroy`` on this stage, without building the package.

        ``words`` are more words of the command: ``SET=LogLevel=WARN``, ``CONFIRM=stint-one``.
        ``environment`` changes the environment of an administrator; None removes a variable.
        """
        command = ["make", f"--assume-old={BIN.parent}/.installed", target, "PACKAGED=1"]
        command += [f"VENV={BIN.parent}", f"STAGE={self.name}", *words]
        return run(command, {**self.emulator.environment, **(environment or {})})

    def run(
        self, *arguments: object, environment: Mapping[str, str | None] | None = None
    ) -> CompletedProcess[str]:
        """Run a module on the tables of this stage: ``stage.run("tools.ops", "auto-stop")``."""
        command = [sys.executable, "-m", *map(str, arguments)]
        own = {"STINT_TABLE_PREFIX": self.stack}
        return run(command, {**self.emulator.environment, **own, **(environment or {})})

    def resource(self, logical_id: str) -> str:
        """Return the physical id of a resource of the stack."""
        described = self.emulator.client("cloudformation").describe_stack_resource(
            StackName=self.stack, LogicalResourceId=logical_id
        )
        physical_id: str = described["StackResourceDetail"]["PhysicalResourceId"]
        return physical_id

    def status(self) -> str:
        """Return the status of the stack."""
        described = self.emulator.client("cloudformation").describe_stacks(StackName=self.stack)
        status: str = described["Stacks"][0]["StackStatus"]
        return status

    def outputs(self) -> dict[str, str]:
        """Return the outputs of the stack."""
        described = self.emulator.client("cloudformation").describe_stacks(StackName=self.stack)
        return {
            output["OutputKey"]: output["OutputValue"]
            for output in described["Stacks"][0]["Outputs"]
        }

    def client(self, headers: Mapping[str, str] | None = None, host: str = "") -> "GatewayClient":
        """Return a client that sends requests through API Gateway.

        ``host``: a custom domain; without it, the API's own host and its prefix.
        """
        if host:
            return GatewayClient(self.emulator.port, host, "", headers or {})
        own_host = f"{self.resource('RestAPI')}.execute-api.127.0.0.1"
        return GatewayClient(self.emulator.port, own_host, f"/{api_stage()}", headers or {})

    def database(self) -> Database:
        """Connect to the tables. A process has one connection: the latest."""
        settings = Settings(
            table_prefix=self.stack, region=REGION, dynamodb_endpoint=self.emulator.url
        )
        return Database(connect(settings, models()))

    def allow_local_receivers(self) -> None:
        """Let webhooks use plain HTTP and local addresses, as on a developer's machine."""
        self._set("STINT_LOCAL_RECEIVERS", "1", "APIHandler", "WebhookDelivery")

    def use_local_sockets(self) -> None:
        """Let live updates use the emulator's own address of the WebSocket API.

        The stack's address is the one of AWS. The emulator has no such names, and no TLS.
        """
        path = f"/_aws/execute-api/{self.resource('WebsocketAPI')}/{api_stage()}"
        url = f"ws://127.0.0.1:{self.emulator.port}{path}"
        self._set("STINT_LIVE_URL", url, "APIHandler", "EventFanout")

    def _set(self, variable: str, value: str, *logical_ids: str) -> None:
        """Set an environment variable of functions."""
        functions = self.emulator.client("lambda")
        for logical_id in logical_ids:
            name = self.resource(logical_id)
            variables = functions.get_function_configuration(FunctionName=name)["Environment"]
            variables["Variables"][variable] = value
            functions.update_function_configuration(FunctionName=name, Environment=variables)


class GatewayClient(ApiClient):
    """Sends requests to API Gateway. ``prefix`` is the stage in the path."""

    def __init__(self, port: int, host: str, prefix: str, headers: Mapping[str, str]) -> None:
        super().__init__(headers)
        self.port = port
        self.host = host
        self.prefix = prefix

    def send_raw(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as http:
            all_headers = {"Host": self.host, **(headers or {})}
            http.request(method, self.prefix + path, body or None, all_headers)
            received = http.getresponse()
            return Response(received.status, dict(received.headers), received.read())


def deployed(stage: Stage, *settings: str) -> Stage:
    """Deploy a stage and check that it succeeds."""
    words = [f"SET={' '.join(settings)}"] if settings else []
    process = stage.make("deploy", *words)
    assert process.returncode == 0, process.stdout + process.stderr + stage.emulator.log()
    return stage


@dataclass(frozen=True)
class Setup:
    """An organization of a stage, its people and their tokens, created with ``stint-admin``."""

    stage: Stage
    organization: int
    admin_token: str

    def headers(self, token: str) -> dict[str, str]:
        """Return the headers of a caller."""
        return {"X-Auth-Token": token, "X-Organization-Id": str(self.organization)}

    def admin(self) -> GatewayClient:
        """Return a client with the admin's token."""
        return self.stage.client(self.headers(self.admin_token))

    def person(self, email: str) -> GatewayClient:
        """Create a member; return a client with the member's token."""
        name = ("--first-name", "Ivan", "--last-name", "Babić", "--email", email)
        administer(self.stage, "people", "create", "-o", self.organization, *name)
        option = ("-o", self.organization, "--name", "test")
        created = administer(self.stage, "tokens", "create", email, *option)
        return self.stage.client(self.headers(created["token"]))


def create_organization(stage: Stage) -> Setup:
    """Create an organization with an admin."""
    created = administer(
        *(stage, "organizations", "create", "Example Studio", "--time-zone", "Europe/Zagreb"),
        *("--first-name", "Ana", "--last-name", "Horvat", "--email", "ana@example.com"),
    )
    organization = created["organization"]["id"]
    option = ("-o", organization, "--name", "test")
    token = administer(stage, "tokens", "create", "ana@example.com", *option)["token"]
    return Setup(stage, organization, token)


def administer(stage: Stage, *arguments: object) -> Any:
    """Run a ``tools.admin`` command on a stage, check that it succeeds, return its output."""
    process = stage.run("tools.admin", "--stage", stage.name, *arguments, "--json")
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)
