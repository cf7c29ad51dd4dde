"""Cells and rows of CSV. Contract section 10a."""

import csv
import io
from collections.abc import Sequence

import pytest
from pynamodb.connection import Connection

from chalicelib.core.time_zones import ZoneInfo
from chalicelib.dynamodb.database import Database
from chalicelib.http.csv_table import (
    CsvTable,
    RelatedRecords,
    column,
    csv_chunks,
    timestamp_column,
)


def written(table: CsvTable, *pages: Sequence[object], zone: str = "UTC") -> str:
    # For values that are in the row itself: no database is behind it.
    related = RelatedRecords(Database(Connection()), 2149)
    return "".join(csv_chunks(table, pages, related, ZoneInfo(zone)))


TEXTS = CsvTable((column("a", lambda row: row[0]), column("b", lambda row: row[1])))


@pytest.mark.parametrize(
    "text",
    ['a "quoted" word', "two\nlines", "two\r\nlines", "a, b; c\td", "", "☕️ Čaj 👩🏽‍💻", "a=1"],
)
def test_text_survives(text: str) -> None:
    lines = written(TEXTS, [(text, 1)])
    assert list(csv.reader(io.StringIO(lines, newline=""))) == [["a", "b"], [text, "1"]]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1+1",
        "=cmd|' /C calc'!A0",
        "\uff1d1+1",
    ],
)
def test_formula_is_escaped(text: str) -> None:
    lines = written(TEXTS, [(text, 1)])
    rows = list(csv.reader(io.StringIO(lines, newline="")))
    assert rows == [["a", "b"], [f"'{text}", "1"]]


def test_numbers_are_not_escaped() -> None:
    assert written(TEXTS, [(-1, 0)]) == "a,b\r\n-1,0\r\n"


def test_lines_end_with_crlf_on_every_page() -> None:
    assert written(TEXTS, [(1, 2), (3, 4)], [(5, None)]) == "a,b\r\n1,2\r\n3,4\r\n5,\r\n"


def test_file_without_rows_has_a_header() -> None:
    assert written(TEXTS) == "a,b\r\n"


def test_booleans_and_times() -> None:
    table = CsvTable((timestamp_column("at", lambda row: row[0]), column("on", lambda row: row[1])))
    rows = [(1_772_438_400, True), (None, False)]
    assert written(table, rows, zone="Europe/Zagreb") == (
        "at,on\r\n2026-03-02T09:00:00.000+01:00,true\r\n,false\r\n"
    )


def test_members_select_columns() -> None:
    assert [each.name for each in TEXTS.of_members(["b", "unknown"]).columns] == ["b"]
    assert TEXTS.of_members(None) is TEXTS
