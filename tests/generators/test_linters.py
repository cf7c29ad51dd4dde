"""Linters of OpenAPI descriptions have nothing to say that their configuration does not answer."""

import json
from pathlib import Path

import pytest

from tests.generators.tools import npm_tool, run

pytestmark = pytest.mark.generators

HERE = Path(__file__).parent


def test_spectral_reports_nothing(description_file: Path, tmp_path: Path) -> None:
    findings = run(
        *(npm_tool("spectral"), "lint", description_file),
        *("--ruleset", HERE / "spectral.yaml", "--format", "json", "--quiet"),
        *("--fail-severity", "hint"),
        cwd=tmp_path,
    )
    assert json.loads(findings) == []


def test_redocly_reports_nothing(description_file: Path, tmp_path: Path) -> None:
    report = run(
        *(npm_tool("redocly"), "lint", description_file),
        *("--config", HERE / "redocly.yaml", "--format", "json"),
        cwd=tmp_path,
        REDOCLY_TELEMETRY="off",
        REDOCLY_SUPPRESS_UPDATE_NOTICE="true",
    )
    found = json.loads(report)
    assert found["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}, found["problems"]
