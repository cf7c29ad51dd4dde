"""Static pages next to the API, from the files of one folder. For development."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from chalicelib.http.conditional import entity_tag, is_not_modified
from tools.devserver.gateway import Response

METHODS = ("GET", "HEAD")

_INDEX = "index.html"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}


class Pages:
    """A folder that is served under a prefix such as ``/app``, which redirects to ``/app/``.

    Files are read for each request, so that an edit is visible after a reload. Files without a web
    content type, such as a README, are not served.
    """

    def __init__(self, prefix: str, folder: Path) -> None:
        self._prefix = prefix
        self._folder = folder

    def respond(self, method: str, target: str, headers: Mapping[str, str]) -> Response | None:
        """Return the response to a GET or HEAD request, or None if there is no such file."""
        path = unquote(urlsplit(target).path)
        if method not in METHODS:
            return None
        if path == self._prefix:
            return Response(307, {"Location": f"{self._prefix}/"}, b"")
        # Only existing names are served: a path that leaves the folder matches none.
        file = self._files().get(path.removeprefix(f"{self._prefix}/") or _INDEX)
        if file is None or not path.startswith(f"{self._prefix}/"):
            return None
        return _response(file, headers.get("if-none-match"))

    def _files(self) -> dict[str, Path]:
        return {
            str(PurePosixPath(path.relative_to(self._folder))): path
            for path in self._folder.rglob("*")
            if path.suffix in _TYPES and path.is_file() and not path.is_symlink()
        }


def _response(file: Path, if_none_match: str | None) -> Response:
    body = file.read_bytes()
    tag = entity_tag(body)
    headers = {
        "Content-Type": _TYPES[file.suffix],
        "Cache-Control": "no-cache",
        "ETag": tag,
        "X-Content-Type-Options": "nosniff",
        # Protects against clickjacking; a page cannot set this with a meta element.
        "Content-Security-Policy": "frame-ancestors 'none'",
    }
    if is_not_modified(tag, if_none_match):
        return Response(304, headers, b"")
    return Response(200, headers, body)
