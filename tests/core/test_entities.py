from typing import Any

import pytest

from chalicelib.api_tokens.model import Credential
from chalicelib.core.permissions import Caller
from chalicelib.core.time_zones import ZoneInfo
from chalicelib.organizations.model import Organization
from chalicelib.people.model import Role
from chalicelib.services.model import Service
from tests.support.builders import NOW, ORGANIZATION, PERSON


def test_default_auto_stop_limit_is_twelve_hours() -> None:
    assert Organization(1, "Studio", "UTC").auto_stop_after == 12 * 3600


def test_organization_has_a_time_zone() -> None:
    assert Organization(1, "Studio", "Asia/Kathmandu").zone == ZoneInfo("Asia/Kathmandu")


@pytest.mark.parametrize(
    ("fields", "takes_time"),
    [
        ({}, True),
        ({"billable": False}, True),
        ({"time_tracking_enabled": False}, False),
        ({"archived_at": NOW}, False),
        ({"archived_at": 0}, False),
        ({"deleted_at": NOW}, False),
        ({"deleted_at": 0}, False),
    ],
)
def test_service_accepts_time_unless_closed_archived_or_deleted(
    fields: dict[str, Any], takes_time: bool
) -> None:
    assert Service(1, 1, "Design", **fields).takes_time is takes_time


@pytest.mark.parametrize(
    ("expires_at", "expired"),
    [(None, False), (NOW + 1, False), (NOW, True), (NOW - 1, True), (0, True)],
)
def test_token_is_expired_from_its_expiry_timestamp_on(
    expires_at: int | None, expired: bool
) -> None:
    token = Credential("digest", 1, PERSON, Role.MEMBER, "phone", expires_at)
    assert token.expired(NOW) is expired


@pytest.mark.parametrize(("role", "is_admin"), [(Role.ADMIN, True), (Role.MEMBER, False)])
def test_only_the_admin_role_makes_a_caller_an_admin(role: Role, is_admin: bool) -> None:
    assert Caller(ORGANIZATION, PERSON, role).is_admin is is_admin
