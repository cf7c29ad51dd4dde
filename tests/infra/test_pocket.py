"""The pocket client's files: how they are served, and that they stay together and at home."""

import hashlib
import re
from pathlib import Path

import pytest

from infra.local.gateway import Answer
from infra.local.pages import Pages
from infra.stack.template import ROOT

FOLDER = ROOT / "examples" / "pocket"
WORKER = FOLDER / "service-worker.js"
# The worker is what browsers look at for changes; the README is not served.
KEPT = sorted(
    it for it in FOLDER.iterdir() if it.suffix != ".md" and it.name != "service-worker.js"
)


@pytest.fixture
def pages() -> Pages:
    return Pages("/app", FOLDER)


def get(pages: Pages, target: str, **headers: str) -> Answer:
    answer = pages.answer("GET", target, headers)
    assert answer is not None
    return answer


def test_the_worker_keeps_every_file() -> None:
    (listed,) = re.findall(r"const FILES = \[(.*?)\];", WORKER.read_text(), re.DOTALL)
    names = {name.replace("./", "index.html") for name in re.findall(r'"(.+?)"', listed)}
    assert names == {it.name for it in KEPT}


def test_the_workers_version_is_that_of_the_files() -> None:
    """Without another version, phones would keep the old files for ever."""
    digest = hashlib.sha256(b"".join(it.read_bytes() for it in KEPT)).hexdigest()[:16]
    assert f'const VERSION = "{digest}";' in WORKER.read_text(), f"it should be {digest}"


def test_nothing_is_fetched_from_elsewhere() -> None:
    for file in (*KEPT, WORKER):
        if file.suffix != ".png":
            found = set(re.findall(r"https?://[\w.]+", file.read_text()))
            assert found <= {"http://127.0.0.1", "http://localhost", "http://www.w3.org"}, file


def test_a_page_has_no_script_of_its_own() -> None:
    page = (FOLDER / "index.html").read_text()
    assert re.findall(r"<script[^>]*>", page) == ['<script type="module" src="main.js">']
    assert not re.search(r"\s(on\w+|style)=", page)
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', page)
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in policy


def test_the_address_without_a_slash_leads_to_the_page(pages: Pages) -> None:
    answer = get(pages, "/app")
    assert (answer.status, answer.headers["Location"]) == (307, "/app/")
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
def test_a_file_has_its_type(pages: Pages, name: str, kind: str) -> None:
    answer = get(pages, f"/app/{name}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, kind)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_file_that_is_known_is_not_sent_again(pages: Pages) -> None:
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
def test_nothing_else_is_reached(pages: Pages, path: str) -> None:
    assert pages.answer("GET", path, {}) is None


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    (tmp_path / "secret.js").write_text("secret")
    (folder / "link.js").symlink_to(tmp_path / "secret.js")
    assert Pages("/app", folder).answer("GET", "/app/link.js", {}) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_nothing_but_reading(pages: Pages, method: str) -> None:
    assert pages.answer(method, "/app/", {}) is None
