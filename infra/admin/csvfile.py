"""CSV as spreadsheets write it, read into rows whose values are checked by the API's rules."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from chalicelib.domain.errors import InvalidAttribute
from chalicelib.domain.ids import parse_id
from chalicelib.jsonapi.inputs import Input
from chalicelib.jsonapi.requests import Document
from chalicelib.jsonapi.resource import Kind

ID = "id"
_SEPARATORS = (",", ";", "\t")
_YES = frozenset({"true", "yes", "1"})
_NO = frozenset({"false", "no", "0"})


class BadFile(Exception):
    """The file is not to be used; ``problems`` says why, each with its line."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = problems
        super().__init__(f"{len(problems)} problems")


@dataclass(frozen=True, slots=True)
class Row:
    """A row: the line that it begins on, what its cells say, and its id, if it has one."""

    line: int
    values: Mapping[str, Any]
    id: int | None = None


def read_rows(file: TextIO, inputs: Sequence[Input]) -> list[Row]:
    """The rows of a file, all of them good. Raises :class:`BadFile` with everything that is not.

    Separated by commas, semicolons or tabs, whichever the header has; quoted as RFC 4180 has it.
    """
    try:
        text = file.read()
    except UnicodeDecodeError as error:
        raise BadFile(["the file is not UTF-8: save it as “CSV UTF-8”"]) from error
    # Where the file is stdin, nobody has taken it off.
    lines = _records(text.removeprefix("\ufeff"))
    try:
        header = next(lines, None)
        if header is None:
            raise BadFile(["the file is empty: its first line must name the columns"])
        names = _columns(header[1], inputs)
        return _rows(lines, names, inputs)
    except csv.Error as error:
        raise BadFile([f"the file is no CSV: {error}"]) from error


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line that it begins on, without those that are empty."""
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
    known = [*(it.name for it in inputs), ID]
    problems = [
        f"column {cell.strip() or '(without a name)'} is unknown; there are {', '.join(known)}"
        for cell, name in zip(header, names, strict=True)
        if name not in known
    ]
    problems += [f"column {name} comes twice" for name in known if names.count(name) > 1]
    problems += [
        f"column {it.name} is missing" for it in inputs if it.required and it.name not in names
    ]
    if problems:
        raise BadFile([f"line 1: {it}" for it in problems])
    return names


def _rows(
    lines: Iterator[tuple[int, list[str]]], names: Sequence[str], inputs: Sequence[Input]
) -> list[Row]:
    rows, problems = [], []
    for line, cells in lines:
        if len(cells) != len(names):
            problems.append(f"line {line}: has {len(cells)} cells, and line 1 has {len(names)}")
            continue
        given = dict(zip(names, (cell.strip() for cell in cells), strict=True))
        row, bad = _row(line, given, inputs)
        rows.append(row)
        problems += [f"line {line}: {it}" for it in bad]
    if problems:
        raise BadFile(problems)
    return rows


def _row(line: int, given: Mapping[str, str], inputs: Sequence[Input]) -> tuple[Row, list[str]]:
    values, problems = {}, []
    for declared in inputs:
        cell = _cell(declared, given.get(declared.name, ""))
        try:
            value = declared.read(Document(attributes={declared.name: cell}))
        except InvalidAttribute as error:
            problems.append(f"{declared.name}: {error.detail}")
            continue
        if value is not None:
            values[declared.name] = value
        elif declared.required:
            problems.append(f"{declared.name}: must be given")
    own_id = parse_id(given[ID]) if given.get(ID) else None
    if given.get(ID) and own_id is None:
        problems.append("id: must be a whole number")
    return Row(line, values, own_id), problems


def _cell(declared: Input, text: str) -> Any:
    """A cell as JSON would have it."""
    word = text.casefold()
    if declared.kind is Kind.BOOLEAN and word in _YES | _NO:
        return word in _YES
    return word if declared.choices is not None else text
