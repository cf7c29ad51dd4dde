"""What methods return: a record with what belongs to it, and lists that are read page by page."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit

from stint_client.errors import UnexpectedResponse
from stint_client.generated.types import UNSET, Response, Unset

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

PAGE_SIZE = 200
"""The maximum of the API: the fewest requests."""


class Document(Protocol[T_co]):
    """A document with one record."""

    @property
    def data(self) -> T_co:
        """The record."""

    @property
    def meta(self) -> Any:
        """Facts about the request."""


class ListDocument(Protocol[T_co]):
    """A document with a page of records."""

    @property
    def data(self) -> list[Any]:
        """The records."""

    @property
    def links(self) -> Any:
        """The links to other pages."""


class Included:
    """The records that ``include`` brought along."""

    def __init__(self, document: object = None) -> None:
        self._records: dict[tuple[str, str], Any] = {}
        self.add(document)

    def add(self, document: object) -> None:
        """Add the included records of a document."""
        for record in getattr(document, "included", UNSET) or ():
            self._records[str(record.type_), record.id] = record

    def related(self, record: Any, *path: str) -> Any | None:
        """Follow relationships, such as ``"time_entry", "service"``.

        Return the record at their end; None if it is empty or was not included.
        """
        for name in path:
            relationship = getattr(record.relationships, name, UNSET)
            identifier = getattr(relationship, "data", None)
            if not identifier:
                return None
            record = self._records.get((str(identifier.type_), identifier.id))
            if record is None:
                return None
        return record


@dataclass(frozen=True, slots=True)
class Result(Generic[T]):
    """A record, and what the response says besides.

    :param data: the record.
    :param meta: facts about the request, such as ``stopped_timer_ids``, ``adjusted`` or
        ``already_stopped``.
    :param included: the included records.
    :param etag: pass it as ``if_match`` to a later write; None if the response has none.
    :param is_replayed: whether the server had done this request before, with the same key.
    """

    data: T
    meta: Mapping[str, Any]
    included: Included
    etag: str | None = None
    is_replayed: bool = False

    def related(self, *path: str) -> Any | None:
        """Return the included record at the end of relationships; None if there is none."""
        return self.included.related(self.data, *path)


class Listing(Generic[T]):
    """The records of a list. Each loop over it reads them again, page by page, when needed.

    The pages follow a cursor: each costs the same, and records that are added or deleted meanwhile
    cause neither gaps nor repetitions.
    """

    def __init__(self, read_page: Callable[[str], ListDocument[T]]) -> None:
        self._read_page = read_page
        self._included = Included()

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page

    def pages(self) -> Iterator[list[T]]:
        """Yield the pages. A page can be empty though others follow."""
        cursor: str | None = ""
        while cursor is not None:
            document = self._read_page(cursor)
            self._included.add(document)
            yield document.data
            cursor = _next_cursor(document.links.next_, cursor)

    def first(self) -> T | None:
        """Return the first record; None if there is none."""
        return next(iter(self), None)

    def related(self, record: T, *path: str) -> Any | None:
        """Return the included record at the end of relationships; None if there is none.

        Knows the pages that were read so far.
        """
        return self._included.related(record, *path)


def result(response: Response[Any], document: Document[T]) -> Result[T]:
    """Return the result of a response with one record."""
    return Result(
        data=document.data,
        meta=document.meta.to_dict() if document.meta else {},
        included=Included(document),
        etag=response.headers.get("ETag"),
        is_replayed="Idempotency-Replayed" in response.headers,
    )


def given(value: T | None) -> T | Unset:
    """Return a value for a generated model: None is left out of the document."""
    return UNSET if value is None else value


def full_name(person: object) -> str:
    """Return the first and the last name of a person or a user."""
    attributes = getattr(person, "attributes", None)
    names = (getattr(attributes, "first_name", ""), getattr(attributes, "last_name", ""))
    return " ".join(name for name in names if isinstance(name, str) and name)


def _next_cursor(link: str | Unset, cursor: str) -> str | None:
    """Return the cursor of the next page; None: this one was the last.

    Only the cursor is taken from the link, so the token is never sent to another server.
    """
    if not link:
        return None
    (following,) = parse_qs(urlsplit(link).query).get("page[after]", [""])
    if following in ("", cursor):
        raise UnexpectedResponse("The link to the next page has no new cursor.", 200)
    return following
