"""Texts in cells of CSV: no formulas, and the way back."""

import ast
from pathlib import Path

import pytest

from chalicelib.core.csv_cells import escape_cell, unescape_cell

ROOT = Path(__file__).parents[2]
FORMULAS = [
    "=1",
    "+1",
    "-1",
    "@a",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "\uff1d1",
    "\uff0b1",
    " \uff201",
]


@pytest.mark.parametrize("text", [*FORMULAS, "'", "'tis", "'=1", "''=1", " '=1", " ' =1"])
def test_escaped_text_is_read_as_it_was(text: str) -> None:
    assert escape_cell(text) == f"'{text}"
    assert unescape_cell(escape_cell(text)) == text


@pytest.mark.parametrize("text", ["", " ", "a=1", "it's", " a", "1-1", "\u2060x"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert escape_cell(text) == text
    assert unescape_cell(text) == text


def test_apostrophe_of_another_program_is_kept() -> None:
    assert unescape_cell("'tis") == "'tis"


@pytest.mark.parametrize(
    "path",
    [
        "chalicelib/http/csv_table.py",
        "chalicelib/time_entries/csv_rows.py",
        "tools/admin/history/report.py",
        "tools/admin/history/table.py",
    ],
)
def test_all_csv_has_the_same_escape(path: str) -> None:
    imported = {
        node.module
        for node in ast.walk(ast.parse((ROOT / path).read_text()))
        if isinstance(node, ast.ImportFrom)
    }
    assert "chalicelib.core.csv_cells" in imported
