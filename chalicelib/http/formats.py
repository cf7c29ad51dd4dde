"""The format of a response: a JSON:API document, or CSV. Contract sections 1 and 10a."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from chalicelib.core.errors import InvalidParameter
from chalicelib.http.request import HttpRequest
from chalicelib.jsonapi.requests import prefers

CSV = "text/csv"
FORMAT_PARAMETER = "format"
FORMATS: Sequence[str] = ("json", "csv")


class CsvExport(Struct, frozen=True):
    """How a list is written as CSV.

    :param table: returns the ``CsvTable``. It imports the module that declares it.
    :param narrow: the query parameter that makes the list shorter.
    """

    table: Callable[[], Any]
    narrow: str


def wants_csv(request: HttpRequest) -> bool:
    """Return whether a request asks for CSV: the parameter ``format``, else the Accept header.

    Raises ``InvalidParameter``.
    """
    formats = [value for name, value in request.parameters if name == FORMAT_PARAMETER]
    if not formats:
        return prefers(CSV, request.headers.get("accept"))
    if formats[-1] not in FORMATS:
        detail = f"Use one of these formats: {', '.join(FORMATS)}."
        raise InvalidParameter(FORMAT_PARAMETER, detail)
    return formats[-1] == "csv"
