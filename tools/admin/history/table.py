"""Reads the table of an export file: its encoding, its separator, its columns."""

import codecs
import csv
from collections.abc import Mapping, Sequence

from msgspec import Struct

from chalicelib.core.csv_cells import unescape_cell
from tools.admin.csvfile import BadFile, records
from tools.admin.history.formats import Field, Format
from tools.admin.history.names import normalized

FALLBACK_ENCODING = "cp1252"
"""The encoding of files that are not UTF-8: that of Excel in western Europe and America."""

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Spaces that products write inside times, and that no parser should have to know.
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " "})


class Record(Struct, frozen=True):
    """A row of a table: the line on which it begins, and its texts by field."""

    line: int
    texts: Mapping[Field, str]

    def get(self, field: Field) -> str:
        """Return a text; empty if the row or the file does not have it."""
        return self.texts.get(field, "")


class Table(Struct, frozen=True):
    """The rows of a file.

    :param encoding: the encoding that was used.
    :param fields: the fields that the file has.
    :param ignored: the columns that are not imported.
    """

    encoding: str
    fields: frozenset[Field]
    ignored: tuple[str, ...]
    records: tuple[Record, ...]


def read_table(content: bytes, form: Format, encoding: str | None = None) -> Table:
    """Return the table of a file. Raises :class:`BadFile` with all problems.

    :param encoding: the encoding; None: from the byte order mark, else UTF-8, else cp1252.
    """
    text, used = _decode(content, encoding)
    # Excel writes this line to tell its own separator.
    if text.startswith("sep="):
        text = text.partition("\n")[2]
    lines = records(text)
    try:
        header = next(lines, None)
        if header is None:
            raise BadFile(["the file is empty: its first line must name the columns"])
        columns = _columns(header[1], form)
        rows, problems = [], []
        for line, cells in lines:
            if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
                problems.append(
                    f"line {line}: has {len(cells)} cells, but line 1 has {len(columns)}"
                )
                continue
            texts = zip(columns, cells, strict=False)
            clean = _unescaped if form.is_escaped else _clean
            rows.append(Record(line, {field: clean(cell) for field, cell in texts if field}))
    except csv.Error as error:
        raise BadFile([f"the file is not valid CSV: {error}"]) from error
    if problems:
        raise BadFile(problems)
    ignored = tuple(
        cell.strip() for cell, field in zip(header[1], columns, strict=True) if field is None
    )
    present = frozenset(field for field in columns if field is not None)
    return Table(used, present, tuple(name for name in ignored if name), tuple(rows))


def _decode(content: bytes, encoding: str | None) -> tuple[str, str]:
    marked = [name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)]
    candidates = [encoding] if encoding is not None else marked or ["utf-8", FALLBACK_ENCODING]
    for candidate in candidates:
        try:
            return content.decode(candidate).removeprefix("\ufeff"), candidate
        except UnicodeError:
            continue
    tried = " or ".join(candidates)
    raise BadFile([f"the file is not {tried}: name its encoding with --encoding, such as cp1250"])


def _columns(header: Sequence[str], form: Format) -> list[Field | None]:
    """Return the field of each column; None: it is not imported. The first of equal fields wins."""
    columns: list[Field | None] = []
    for cell in header:
        field = form.columns.get(normalized(cell))
        is_kept = field not in (None, Field.IGNORED, *columns)
        columns.append(field if is_kept else None)
    names = {normalized(cell) for cell in header}
    missing = [column for column in form.mapped if column not in names]
    if missing:
        raise BadFile([f"line 1: column {column} of --map is missing" for column in missing])
    return columns


def _unescaped(cell: str) -> str:
    return _clean(unescape_cell(cell))


def _clean(cell: str) -> str:
    return cell.translate(_SPACES).strip()
