"""Which tables, region, profile and credentials the commands of operators use."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.aws.credentials import is_aws
from infra.stack.template import ROOT
from tools.ops.__main__ import COMMANDS

TIMEOUT_SECONDS = 60
REGION, OTHER_REGION = "eu-west-3", "ap-south-1"
ACCOUNT = "210987654321"
CONFIG = f"[profile work]\nregion = {REGION}\n[profile empty]\n"
CREDENTIALS = "[work]\naws_access_key_id = WORKKEY\naws_secret_access_key = secret\n"

WEBHOOK = ("--organization", "1", "--webhook", "1")
PERIOD = ("--after", "2026-03-02T00:00:00Z", "--before", "2026-03-03T00:00:00Z")
OPS = [
    ("auto-stop",),
    ("check-invariants",),
    ("rebuild-counters",),
    ("replay", "dead-letters"),
    ("replay", "range", *WEBHOOK, *PERIOD),
    ("upgrade",),
]
ADMIN = ("organizations", "list")


@dataclass
class FakeAws:
    """AWS's endpoints: answers who the caller is, or with an error, and refuses all else."""

    url: str = ""
    error: str | None = None
    signed_for: set[tuple[str, str]] = field(default_factory=set)
    """The access key and the region of each request."""


@pytest.fixture
def fake_aws() -> Iterator[FakeAws]:
    aws = FakeAws()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            scope = re.search(
                r"Credential=(\w+)/\d+/([\w-]+)/(\w+)/", self.headers["Authorization"]
            )
            assert scope is not None
            aws.signed_for.add((scope[1], scope[2]))
            code = aws.error or (None if scope[3] == "sts" else "AccessDeniedException")
            if code is None:
                result = f"<Account>{ACCOUNT}</Account><Arn>arn:aws:iam::{ACCOUNT}:user/a</Arn>"
                name = "GetCallerIdentity"
                body = f"<{name}Response><{name}Result>{result}</{name}Result></{name}Response>"
            elif scope[3] in ("sts", "cloudformation"):
                error = f"<Error><Code>{code}</Code><Message>no\n way</Message></Error>"
                body = f"<ErrorResponse>{error}</ErrorResponse>"
            else:
                body = f'{{"__type": "{code}", "message": "no way"}}'
            self.send_response(400 if code else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    aws.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield aws
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def environment(tmp_path: Path, fake_aws: FakeAws) -> dict[str, str]:
    """An environment that has a profile, and nothing that selects it."""
    files = {"AWS_CONFIG_FILE": CONFIG, "AWS_SHARED_CREDENTIALS_FILE": CREDENTIALS}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    paths = {name: str(tmp_path / name) for name in files}
    return {**paths, "AWS_ENDPOINT_URL": fake_aws.url, "AWS_EC2_METADATA_DISABLED": "true"}


def run(
    module: str, arguments: Sequence[str], environment: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    result = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert "Traceback" not in result.stderr
    return result


def test_every_command_is_tested() -> None:
    assert {arguments[0] for arguments in OPS} == set(COMMANDS)


@pytest.mark.parametrize("arguments", OPS, ids=" ".join)
def test_command_works_in_the_region_and_with_the_keys_of_the_profile(
    environment: dict[str, str], fake_aws: FakeAws, arguments: Sequence[str]
) -> None:
    other = {
        "AWS_ACCESS_KEY_ID": "OTHERKEY",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "STINT_TABLE_PREFIX": "stint-other",
    }
    options = ("--stage", "prod", "--profile", "work")
    result = run("tools.ops", [*arguments, *options], environment | other)
    place = f"stint-prod-* at {REGION} (account {ACCOUNT}):"
    assert (result.returncode, result.stderr.splitlines()[0]) == (1, place)
    assert "AccessDenied" in result.stderr
    assert fake_aws.signed_for == {("WORKKEY", REGION)}


def test_environment_selects_everything(environment: dict[str, str], fake_aws: FakeAws) -> None:
    selected = {"AWS_PROFILE": "work", "STINT_TABLE_PREFIX": "stint-restored"}
    result = run("tools.ops", ["upgrade"], environment | selected)
    assert result.stderr.startswith(f"stint-restored-* at {REGION} (account {ACCOUNT}):")
    assert fake_aws.signed_for == {("WORKKEY", REGION)}


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("tools.ops", ("--stage", "prod", "--profile", "work", "check-invariants")),
        ("tools.admin", ("--stage", "prod", "--profile", "work", *ADMIN)),
    ],
)
def test_options_work_before_the_name_of_the_command(
    environment: dict[str, str], fake_aws: FakeAws, module: str, arguments: Sequence[str]
) -> None:
    result = run(module, arguments, environment)
    assert result.stderr.startswith(f"stint-prod-* at {REGION} (account {ACCOUNT}):")
    assert fake_aws.signed_for == {("WORKKEY", REGION)}


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_make_deploys_and_destroys_in_the_region_and_with_the_keys_of_its_options(
    environment: dict[str, str], fake_aws: FakeAws, command: str
) -> None:
    other = {
        "PATH": os.environ["PATH"],
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "OTHERKEY",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    virtual_environment = Path(sys.executable).parents[1]
    result = subprocess.run(
        [
            *("make", f"--assume-old={virtual_environment}/.installed", command, "STAGE=prod"),
            *(f"VENV={virtual_environment}", f"REGION={OTHER_REGION}", "PROFILE=work"),
        ],
        cwd=ROOT,
        env=environment | other,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert "access denied" in result.stderr
    assert fake_aws.signed_for == {("WORKKEY", OTHER_REGION)}


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_region_of_the_environment_comes_before_the_profile(
    environment: dict[str, str], fake_aws: FakeAws, name: str
) -> None:
    selected = {name: OTHER_REGION, "AWS_PROFILE": "work"}
    for module, arguments in (
        ("tools.ops", ("upgrade", "--stage", "prod")),
        ("infra.destroy", ("prod",)),
    ):
        fake_aws.error = "ExpiredToken"
        assert run(module, arguments, environment | selected).returncode == 1
        assert fake_aws.signed_for == {("WORKKEY", OTHER_REGION)}
        fake_aws.signed_for.clear()


@pytest.mark.parametrize("module", ["tools.ops", "tools.admin"])
def test_command_without_a_selection_is_wrong_usage(
    environment: dict[str, str], fake_aws: FakeAws, module: str
) -> None:
    arguments = ("upgrade",) if module == "tools.ops" else ADMIN
    for options, expected in (
        ((), "Select the tables: --stage prod"),
        (("--stage", "Prod"), "--stage: a letter"),
        (("--stage", "prod", "--profile", "empty"), "No AWS region"),
    ):
        result = run(module, [*options, *arguments], environment)
        assert (result.returncode, result.stdout) == (2, "")
        assert expected in " ".join(result.stderr.split())
    assert fake_aws.signed_for == set()


COMMAND_LINES = [
    ("tools.ops", ("upgrade", "--stage", "prod")),
    ("tools.admin", ("--stage", "prod", *ADMIN)),
    ("infra.destroy", ("prod",)),
]


@pytest.mark.parametrize(("module", "arguments"), COMMAND_LINES)
@pytest.mark.parametrize(
    ("selected", "error", "expected"),
    [
        ({"AWS_REGION": REGION}, None, "There are no AWS credentials. Set AWS_PROFILE"),
        ({"AWS_PROFILE": "none", "AWS_REGION": REGION}, None, "There is no AWS profile 'none'"),
        ({"AWS_PROFILE": "work"}, "ExpiredToken", "The AWS credentials have expired. Sign in"),
        ({"AWS_PROFILE": "work"}, "InvalidClientTokenId", "AWS does not accept these credentials"),
        ({"AWS_PROFILE": "work"}, "AccessDenied", "AWS did not accept the credentials: An error"),
        (
            {"AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "KEY"},
            None,
            "The AWS credentials are incomplete",
        ),
    ],
)
def test_missing_and_invalid_credentials_are_one_line(
    environment: dict[str, str],
    fake_aws: FakeAws,
    module: str,
    arguments: Sequence[str],
    selected: dict[str, str],
    error: str | None,
    expected: str,
) -> None:
    fake_aws.error = error
    result = run(module, arguments, environment | selected)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert expected in line
    assert result.stdout == ""


def test_unreachable_sts_does_not_end_a_command(environment: dict[str, str]) -> None:
    """A network can reach DynamoDB, and not STS."""
    selected = {"AWS_PROFILE": "work", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"}
    result = run("tools.ops", ("upgrade", "--stage", "prod"), environment | selected)
    place, error, *_ = result.stderr.splitlines()
    assert place == (
        f"stint-prod-* at {REGION} (account unknown, because AWS STS does not respond):"
    )
    assert "AccessDenied" in error


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://dynamodb.eu-central-1.amazonaws.com",
        "https://DYNAMODB.eu-central-1.AmazonAWS.com.:443/",
        "dynamodb.eu-central-1.amazonaws.com",
        "https://123456789012.ddb.eu-central-1.amazonaws.com",
        "https://dynamodb-fips.us-east-1.amazonaws.com",
        "https://vpce-1a2b.dynamodb.us-east-1.vpce.amazonaws.com",
        "https://dynamodb.eu-central-1.api.aws",
        "https://dynamodb.cn-north-1.amazonaws.com.cn",
        "https://dynamodb.cn-north-1.api.amazonwebservices.com.cn",
        "https://dynamodb.eusc-de-east-1.amazonaws.eu",
        "https://dynamodb.us-iso-east-1.c2s.ic.gov",
    ],
)
def test_endpoints_of_aws_are_recognized(endpoint: str) -> None:
    assert is_aws(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "http://127.0.0.1:8001",
        "http://localhost:8001",
        "http://[::1]:8001",
        "http://[broken",
        "http://amazonaws.com.example.com",
        "http://notamazonaws.com",
        "http://localhost/amazonaws.com",
    ],
)
def test_other_endpoints_are_not_of_aws(endpoint: str) -> None:
    assert not is_aws(endpoint)


UNREACHABLE = "http://127.0.0.1:9"
UNAVAILABLE = [
    *(
        ("tools.ops", (command,))
        for command in ("auto-stop", "check-invariants", "rebuild-counters", "upgrade")
    ),
    ("tools.admin", ADMIN),
]


def test_commands_say_that_the_database_does_not_answer(environment: dict[str, str]) -> None:
    def run_unavailable(command: tuple[str, Sequence[str]]) -> "subprocess.CompletedProcess[str]":
        return run(*command, environment | {"DYNAMODB_ENDPOINT": UNREACHABLE})

    # At once: they wait between their attempts.
    with ThreadPoolExecutor(len(UNAVAILABLE)) as pool:
        results = list(pool.map(run_unavailable, UNAVAILABLE))
    for command, result in zip(UNAVAILABLE, results, strict=True):
        assert result.returncode == 1, command
        assert f"at {UNREACHABLE}:" in result.stderr, command
        assert "The database is not available at the moment." in result.stderr, command


@pytest.mark.parametrize("endpoint", ["nonsense", "localhost:8001", "http://", "http://[::1"])
@pytest.mark.parametrize(
    ("module", "arguments"), [("tools.ops", ("auto-stop",)), ("tools.admin", ADMIN)]
)
def test_endpoint_that_is_no_address_is_wrong_usage(
    environment: dict[str, str], module: str, arguments: Sequence[str], endpoint: str
) -> None:
    result = run(module, ("--endpoint", endpoint, *arguments), environment)
    assert result.returncode == 2
    expected = f"--endpoint must be an address such as http://127.0.0.1:8001, not {endpoint!r}."
    assert expected in " ".join(result.stderr.split())
