"""The pocket client and the admin page: static files that the stack serves next to the API.

A page's first document and the files that need a fixed address are revalidated at each load. All
other files are in a folder that is named after the hash of the page's files, so a browser loads
them once per version, and their relative imports stay as they are. All of them are text: API
Gateway returns bytes only to some ``Accept`` headers (see ``public_pages.py``), so the few pictures
that are not text become ``data:`` URLs. Decision 0035.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from chalicelib.core.errors import RouteNotFound
from chalicelib.http.request import HttpRequest
from chalicelib.http.responses import HttpResponse

PAGES_FOLDER = Path(__file__).parent / "pages"

_SHARED = "shared"
_INDEX = "index.html"
_WORKER = "service-worker.js"
_MANIFEST = "manifest.webmanifest"
_FIXED_ADDRESSES = (_INDEX, _WORKER, _MANIFEST)
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_HASH_DIGITS = 16
_NO_CACHE = "public, no-cache"
_CACHE_FOR_A_YEAR = "public, max-age=31536000, immutable"
_LINK = re.compile(r'(?<=[ ({])(href=|src=|"src": )"((?:\.\./shared/)?[\w-]+\.\w+)"')
_WORKER_FOLDER = 'const FOLDER = "./";'


class _Page(Struct, frozen=True):
    """The files of a page.

    :param version: the hash of all files.
    :param fixed: the texts of the files with a fixed address, by name; links are adapted.
    :param files: the texts of the other files, by folder and name.
    """

    version: str
    fixed: Mapping[str, str]
    files: Mapping[tuple[str, str], str]


def respond(page: str, request: HttpRequest, file: str) -> HttpResponse:
    """Return a file of a page that has a fixed address. Raises ``RouteNotFound``.

    :param page: the name of its folder, such as ``app``.
    """
    text = _load(page).fixed.get(file)
    if text is None:
        raise RouteNotFound
    headers = {"Content-Type": _TYPES[Path(file).suffix], "Cache-Control": _NO_CACHE}
    if file == _INDEX:
        text = text.replace("{base}", urlsplit(request.base_url).path)
        # Against clickjacking. The rest of the policy is in the page, also for other servers.
        headers["Content-Security-Policy"] = "frame-ancestors 'none'"
    return HttpResponse(200, text, headers)


def respond_version(page: str, request: HttpRequest) -> HttpResponse:
    """Return a file in the folder of the page's version. Raises ``RouteNotFound``."""
    loaded = _load(page)
    arguments = request.route_arguments
    text = loaded.files.get((arguments["folder"], arguments["file"]))
    if text is None or arguments["version"] != loaded.version:
        raise RouteNotFound
    kind = _TYPES[Path(arguments["file"]).suffix]
    return HttpResponse(200, text, {"Content-Type": kind, "Cache-Control": _CACHE_FOR_A_YEAR})


def _load(page: str) -> _Page:
    paths = sorted(
        path
        for folder in (page, _SHARED)
        for path in (PAGES_FOLDER / folder).iterdir()
        if path.is_file() and not path.is_symlink()
    )
    # During development the files change while the server runs.
    return _read(page, tuple((path, path.stat().st_mtime_ns) for path in paths))


@lru_cache(maxsize=2)
def _read(page: str, stamps: tuple[tuple[Path, int], ...]) -> _Page:
    contents = {path: path.read_bytes() for path, _ in stamps}
    digest = hashlib.sha256()
    for path, content in contents.items():
        digest.update(path.name.encode() + b"\0" + content)
    version = digest.hexdigest()[:_HASH_DIGITS]
    texts = {path: content.decode() for path, content in contents.items() if path.suffix in _TYPES}
    own = PAGES_FOLDER / page
    fixed_paths = [own / name for name in _FIXED_ADDRESSES if own / name in texts]
    return _Page(
        version,
        {path.name: _with_version(page, path.name, texts[path], version) for path in fixed_paths},
        {
            (path.parent.name, path.name): text
            for path, text in texts.items()
            if path not in fixed_paths
        },
    )


def _with_version(page: str, name: str, text: str, version: str) -> str:
    """Return a file with a fixed address, with the addresses of the version's files in it."""
    if name == _WORKER:
        return text.replace(_WORKER_FOLDER, f'const FOLDER = "{version}/{page}/";')
    # The manifest's links are relative to its own address. The page has two: with and without a
    # slash at the end.
    start = f"{{base}}/{page}/" if name == _INDEX else ""

    def adapted(link: re.Match[str]) -> str:
        attribute, target = link.groups()
        path = PAGES_FOLDER / page / target
        if target in _FIXED_ADDRESSES:
            return f'{attribute}"{start}{target}"'
        if path.suffix not in _TYPES:
            content = b64encode(path.read_bytes()).decode()
            return f'{attribute}"data:image/png;base64,{content}"'
        folder = _SHARED if target.startswith("../") else page
        return f'{attribute}"{start}{version}/{folder}/{path.name}"'

    return _LINK.sub(adapted, text)
