"""The files of the pocket client: how the local server serves them, and what they contain."""

import hashlib
import re
from pathlib import Path

import pytest

from infra.stack.template import ROOT
from tools.devserver.gateway import Response
from tools.devserver.static_pages import Pages

FOLDER = ROOT / "chalicelib" / "http" / "pages" / "app"
WORKER = FOLDER / "service-worker.js"
# Without the worker, which browsers check for changes.
CACHED = sorted(path for path in FOLDER.iterdir() if path.name != "service-worker.js")


@pytest.fixture
def pages() -> Pages:
    return Pages("/app", FOLDER)


def get(pages: Pages, target: str, **headers: str) -> Response:
    response = pages.respond("GET", target, headers)
    assert response is not None
    return response


def test_service_worker_caches_every_file() -> None:
    (listed,) = re.findall(r"const FILES = \[(.*?)\];", WORKER.read_text(), re.DOTALL)
    names = {name.replace("./", "index.html") for name in re.findall(r'"(.+?)"', listed)}
    assert names == {path.name for path in CACHED}


def test_service_worker_version_is_the_hash_of_the_files() -> None:
    """Without a new version, phones use their cached files forever."""
    version = hashlib.sha256(b"".join(path.read_bytes() for path in CACHED)).hexdigest()[:16]
    assert f'const VERSION = "{version}";' in WORKER.read_text(), f"set VERSION to {version}"


def test_files_use_no_external_urls() -> None:
    for file in (*CACHED, WORKER):
        if file.suffix != ".png":
            urls = set(re.findall(r"https?://[\w.]+", file.read_text()))
            assert urls <= {"http://127.0.0.1", "http://localhost", "http://www.w3.org"}, file


def test_page_has_no_inline_scripts_or_styles() -> None:
    page = (FOLDER / "index.html").read_text()
    assert re.findall(r"<script[^>]*>", page) == ['<script type="module" src="main.js">']
    assert not re.search(r"\s(on\w+|style)=", page)
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', page)
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in policy


def test_url_without_trailing_slash_redirects_to_the_page(pages: Pages) -> None:
    response = get(pages, "/app")
    assert (response.status, response.headers["Location"]) == (307, "/app/")
    assert b"<!doctype html>" in get(pages, "/app/").body


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", "text/html; charset=utf-8"),
        ("main.js", "text/javascript; charset=utf-8"),
        ("pocket.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
        ("icon-192.png", "image/png"),
        ("manifest.webmanifest", "application/manifest+json"),
        ("main.js?x=1", "text/javascript; charset=utf-8"),
    ],
)
def test_file_has_its_content_type(pages: Pages, name: str, kind: str) -> None:
    response = get(pages, f"/app/{name}")
    assert (response.status, response.headers["Content-Type"]) == (200, kind)
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_unchanged_file_returns_304(pages: Pages) -> None:
    first = get(pages, "/app/main.js")
    assert first.headers["Cache-Control"] == "no-cache"
    again = get(pages, "/app/main.js", **{"if-none-match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/app/../../README.md",
        "/app/%2e%2e/%2e%2e/README.md",
        "/app/..%2f..%2fapp.py",
        "/app//etc/passwd",
        "/app/%2Fetc%2Fpasswd",
        "/app/./main.js",
        "/app/main.js/",
        "/app/README.md",
        "/app/nothing.js",
        "/apple",
        "/main.js",
        "/",
    ],
)
def test_other_paths_are_not_served(pages: Pages, path: str) -> None:
    assert pages.respond("GET", path, {}) is None


def test_symlink_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    (tmp_path / "secret.js").write_text("secret")
    (folder / "link.js").symlink_to(tmp_path / "secret.js")
    assert Pages("/app", folder).respond("GET", "/app/link.js", {}) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_write_methods_are_not_served(pages: Pages, method: str) -> None:
    assert pages.respond(method, "/app/", {}) is None
