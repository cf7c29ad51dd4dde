"""Reads CSV files from spreadsheets into rows, with values checked by the API's rules."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, TextIO

from chalicelib.core.errors import InvalidAttribute
from chalicelib.core.ids import parse_id
from chalicelib.jsonapi.inputs import Input
from chalicelib.jsonapi.requests import Document
from chalicelib.jsonapi.resource import Kind

ID = "id"
_SEPARATORS = (",", ";", "\t")
_YES = frozenset({"true", "yes", "1"})
_NO = frozenset({"false", "no", "0"})


class BadFile(Exception):
    """The file cannot be imported; ``problems`` are the reasons, each with its line number."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = problems
        super().__init__(f"{len(problems)} problems")


@dataclass(frozen=True, slots=True)
class Row:
    """A row: the line on which it begins, its values, and its id if it has one."""

    line: int
    values: Mapping[str, Any]
    id: int | None = None


def text_of(file: BinaryIO) -> TextIO:
    """Return a file of UTF-8, with or without a byte order mark, as text."""
    return io.TextIOWrapper(io.BytesIO(file.read()), encoding="utf-8-sig")


def read_rows(file: TextIO, inputs: Sequence[Input]) -> list[Row]:
    """Return the rows of a file. Raises :class:`BadFile` with all problems if there are any.

    The separator (comma, semicolon or tab) is taken from the header; quotes follow RFC 4180.
    """
    try:
        text = file.read()
    except UnicodeDecodeError as error:
        raise BadFile(["the file is not UTF-8: save it as “CSV UTF-8”"]) from error
    # With stdin, the byte order mark is still there.
    lines = records(text.removeprefix("\ufeff"))
    try:
        header = next(lines, None)
        if header is None:
            raise BadFile(["the file is empty: its first line must name the columns"])
        names = _columns(header[1], inputs)
        return _rows(lines, names, inputs)
    except csv.Error as error:
        raise BadFile([f"the file is not valid CSV: {error}"]) from error


def records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not empty, with the line on which it begins."""
    first = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield begins, cells
        begins = reader.line_num + 1


def _columns(header: Sequence[str], inputs: Sequence[Input]) -> list[str]:
    names = [cell.strip().casefold().replace(" ", "_") for cell in header]
    known = [*(declared.name for declared in inputs), ID]
    problems = [
        f"column {cell.strip() or '(without a name)'} is unknown; known: {', '.join(known)}"
        for cell, name in zip(header, names, strict=True)
        if name not in known
    ]
    problems += [f"column {name} appears twice" for name in known if names.count(name) > 1]
    problems += [
        f"column {declared.name} is missing"
        for declared in inputs
        if declared.required and declared.name not in names
    ]
    if problems:
        raise BadFile([f"line 1: {problem}" for problem in problems])
    return names


def _rows(
    lines: Iterator[tuple[int, list[str]]], names: Sequence[str], inputs: Sequence[Input]
) -> list[Row]:
    rows, problems = [], []
    for line, cells in lines:
        if len(cells) != len(names):
            problems.append(f"line {line}: has {len(cells)} cells, but line 1 has {len(names)}")
            continue
        texts = dict(zip(names, (cell.strip() for cell in cells), strict=True))
        row, row_problems = _row(line, texts, inputs)
        rows.append(row)
        problems += [f"line {line}: {problem}" for problem in row_problems]
    if problems:
        raise BadFile(problems)
    return rows


def _row(line: int, texts: Mapping[str, str], inputs: Sequence[Input]) -> tuple[Row, list[str]]:
    values, problems = {}, []
    for declared in inputs:
        cell = _cell(declared, texts.get(declared.name, ""))
        try:
            value = declared.read(Document(attributes={declared.name: cell}))
        except InvalidAttribute as error:
            problems.append(f"{declared.name}: {error.detail}")
            continue
        if value is not None:
            values[declared.name] = value
        elif declared.required:
            problems.append(f"{declared.name}: This attribute is required.")
    own_id = parse_id(texts[ID]) if texts.get(ID) else None
    if texts.get(ID) and own_id is None:
        problems.append("id: Use a whole number.")
    return Row(line, values, own_id), problems


def _cell(declared: Input, text: str) -> Any:
    """Return a cell's value as JSON would have it."""
    word = text.casefold()
    if declared.kind is Kind.BOOLEAN and word in _YES | _NO:
        return word in _YES
    return word if declared.choices is not None else text
