"""Reads the body of a request as API Gateway does: whole, at most 10 MB, decompressed.

API Gateway's documentation: *Payload size: 10 MB* (quotas of REST APIs), and *Call an API method
with a compressed payload*: the codings ``gzip``, ``deflate`` and ``identity``, and a 415 for other
codings and for a body that is not compressed with its coding.
"""

import re
import zlib
from email.message import Message
from io import BufferedIOBase

from chalicelib.core.errors import StintError
from infra.stack.gateway_responses import RESPONSES

MAX_BODY_BYTES = 10 * 1024 * 1024
"""The maximum size of a body, compressed and decompressed."""

_LENGTH = re.compile(r"[0-9]{1,15}", re.ASCII)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(;[^\r\n]*)?\r?\n")
_END_OF_LINE = re.compile(rb"\r?\n")
_MAX_LINE_BYTES = 4096
_MAX_TRAILERS = 64
# Values of zlib for the formats with a header and a checksum.
_WINDOW_BITS = {"gzip": 31, "deflate": 15}


def read_body(headers: Message, stream: BufferedIOBase) -> bytes:
    """Return the body of a request, decompressed; empty if it has none.

    ``stream`` is the connection after the headers. Raises the error of API Gateway's response:
    ``PayloadTooLarge``, ``UnsupportedMediaType``, or ``MalformedDocument``.
    """
    codings = [value.strip().lower() for value in headers.get_all("transfer-encoding", [])]
    lengths = {value.strip() for value in headers.get_all("content-length", [])}
    if codings:
        # With both headers, servers can disagree about where the next request starts.
        if codings != ["chunked"] or lengths:
            raise _unreadable()
        body = _read_chunks(stream)
    else:
        body = _read_length(stream, lengths or {"0"})
    return _decompressed(body, headers.get("content-encoding", ""))


def _read_length(stream: BufferedIOBase, lengths: set[str]) -> bytes:
    if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
        raise _unreadable()
    length = int(lengths.pop())
    if length > MAX_BODY_BYTES:
        raise _too_large()
    return _read_exactly(stream, length)


def _read_chunks(stream: BufferedIOBase) -> bytes:
    body = bytearray()
    while True:
        match = _CHUNK.fullmatch(stream.readline(_MAX_LINE_BYTES))
        if match is None:
            raise _unreadable()
        size = int(match[1], 16)
        if size == 0:
            _skip_trailers(stream)
            return bytes(body)
        if len(body) + size > MAX_BODY_BYTES:
            raise _too_large()
        body += _read_exactly(stream, size)
        if not _END_OF_LINE.fullmatch(stream.readline(2)):
            raise _unreadable()


def _skip_trailers(stream: BufferedIOBase) -> None:
    for _ in range(_MAX_TRAILERS):
        line = stream.readline(_MAX_LINE_BYTES)
        if _END_OF_LINE.fullmatch(line):
            return
        if not line.endswith(b"\n"):
            break
    raise _unreadable()


def _read_exactly(stream: BufferedIOBase, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise _unreadable()
    return data


def _decompressed(body: bytes, coding: str) -> bytes:
    name = coding.strip().lower()
    if not body or name in ("", "identity"):
        return body
    if name not in _WINDOW_BITS:
        raise _unsupported()
    decompressed = bytearray()
    while body:
        # A body can be many times larger than its compressed form, so the limit counts here too.
        decompressor = zlib.decompressobj(_WINDOW_BITS[name])
        limit = MAX_BODY_BYTES + 1 - len(decompressed)
        try:
            decompressed += decompressor.decompress(body, limit)
        except zlib.error:
            raise _unsupported() from None
        if len(decompressed) > MAX_BODY_BYTES:
            raise _too_large()
        if not decompressor.eof:
            raise _unsupported()
        # A gzip body can have several members.
        body = decompressor.unused_data
    return bytes(decompressed)


def _unreadable() -> StintError:
    return RESPONSES["BAD_REQUEST_BODY"]


def _too_large() -> StintError:
    return RESPONSES["REQUEST_TOO_LARGE"]


def _unsupported() -> StintError:
    return RESPONSES["UNSUPPORTED_MEDIA_TYPE"]
