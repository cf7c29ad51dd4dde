"""``stint-admin tokens pair``: a link, a QR code and a code."""

import io
import re
from urllib.parse import parse_qs

import pytest
import segno
from chalice.app import Chalice
from pynamodb.connection import Connection

from tests.pairings.pairing import redeem, redeemed
from tests.support.fixtures import DEACTIVATED, MEMBER, ZAGREB, Fixtures
from tests.support.operator import Operator
from tests.support.table_snapshots import snapshot
from tools.admin.context import AdminContext

IN_ZAGREB = ("-o", ZAGREB.id)
CODE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")
BLOCKS = "█▀▄ "


pytestmark = pytest.mark.usefixtures("fixtures")


def qr_code(text: str) -> str:
    """The lines of a QR code in a text."""
    lines = [line for line in text.splitlines() if line and set(line) <= set(BLOCKS)]
    return "\n".join(lines)


def test_link_code_and_qr_code_are_printed(
    operator: Operator, app: Chalice, connection: Connection
) -> None:
    result = operator.run("tokens", "pair", MEMBER, *IN_ZAGREB, "--name", "phone")
    assert result.exit_code == 0
    (link,) = re.findall(r"^link +(\S+)$", result.stdout, re.MULTILINE)
    (code,) = re.findall(r"^code +(\S+)$", result.stdout, re.MULTILINE)
    assert CODE.fullmatch(code)
    assert link == f"http://127.0.0.1:8000/app/#pair={code}"
    expected = io.StringIO()
    segno.make(link, micro=False).terminal(out=expected, compact=True, border=2)
    assert qr_code(result.stdout) == expected.getvalue().strip("\n")
    assert code not in result.stderr
    assert "for 15 minutes" in result.stderr
    assert code not in str(snapshot(connection))
    phone = redeemed(app, code)
    assert phone.get("/users").ids == [str(MEMBER)]
    assert phone.get("/api_tokens/current").attributes["name"] == "phone"


def test_person_can_be_named_by_email_address(operator: Operator, app: Chalice) -> None:
    paired = operator.here("tokens", "pair", f"{MEMBER}@example.com")
    assert paired["person_id"] == MEMBER
    assert redeem(app, paired["code"]).status == 201


def test_json_has_no_qr_code_and_no_hash(operator: Operator) -> None:
    paired = operator.here("tokens", "pair", MEMBER, "--app", "https://app.example.com/")
    assert paired["link"] == f"https://app.example.com/#pair={paired['code']}"
    assert paired.keys() == {
        *("id", "organization_id", "person_id", "token_name", "created_at", "expires_at"),
        *("code", "link"),
    }


def test_link_names_an_api_on_another_origin(operator: Operator) -> None:
    api = "https://api.example.com/api/v2"
    options = ("--app", "https://app.example.com/", "--api", api)
    paired = operator.here("tokens", "pair", MEMBER, *options)
    fragment = paired["link"].partition("#")[2]
    assert parse_qs(fragment) == {"pair": [paired["code"]], "api": [api]}


def test_without_a_stack_there_is_a_link_only_with_the_address_of_the_app(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = operator.context
    on_aws = Operator(AdminContext("stint-prod-*", context.connection, context.dependencies, True))
    result = on_aws.run("tokens", "pair", MEMBER, *IN_ZAGREB)
    assert result.exit_code == 0
    assert "link" not in result.stdout
    assert qr_code(result.stdout) == ""
    assert "--app, or STINT_APP" in result.stderr
    monkeypatch.setenv("STINT_APP", "https://app.example.com/")
    assert on_aws.here("tokens", "pair", MEMBER)["link"].startswith("https://app.example.com/#pair")


@pytest.mark.parametrize(
    ("option", "url"),
    [
        ("--app", "app.example.com"),
        ("--app", "javascript:alert(1)"),
        ("--app", "https://app.example.com/#x"),
        ("--api", "https://"),
        ("--api", "https://user@api.example.com/"),
        ("--api", "http://[::1"),
    ],
)
def test_other_addresses_are_refused_before_a_code_is_made(
    operator: Operator, connection: Connection, option: str, url: str
) -> None:
    before = snapshot(connection)
    result = operator.run("tokens", "pair", MEMBER, *IN_ZAGREB, option, url)
    assert result.exit_code == 2
    assert option in result.stderr
    assert snapshot(connection) == before


def test_deactivated_person_is_refused(operator: Operator, fixtures: Fixtures) -> None:
    assert fixtures.tokens
    assert "person" in operator.refused("tokens", "pair", DEACTIVATED, *IN_ZAGREB)
