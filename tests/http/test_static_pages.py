"""The pocket client and the admin page: how the application serves them, and their files."""

import gzip
import hashlib
import json
import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.settings import Settings
from chalicelib.http import static_pages
from chalicelib.http.application import create_app
from chalicelib.http.static_pages import PAGES_FOLDER
from tests.support.call_counter import counted
from tools.devserver.gateway import Gateway, Response

HTML = "text/html; charset=utf-8"
SCRIPT = "text/javascript; charset=utf-8"
PAGES = ("app", "admin")
WORKER = PAGES_FOLDER / "app" / "service-worker.js"
# Browsers check the worker for changes. Pictures that are not text are only for the installation.
FIXED = {"index.html", "manifest.webmanifest", "service-worker.js"}
FILES = sorted(path for folder in ("app", "shared") for path in (PAGES_FOLDER / folder).iterdir())
ADDRESSES = ["http://stint.test", "http://stint.test/live"]


class Site:
    """The application behind a gateway that takes the stage's prefix off, as API Gateway does."""

    def __init__(self, base_url: str, dependencies: Dependencies) -> None:
        self.base_url = base_url
        self._prefix = urlsplit(base_url).path
        settings = Settings(public_base_url=base_url)
        self._gateway = Gateway(create_app(settings, dependencies))

    def get(self, path: str, method: str = "GET", **headers: str) -> Response:
        """Request a path below the base URL."""
        return self._gateway.handle(method, path, headers, b"")

    def follow(self, page: str, link: str) -> Response:
        """Request a link that a browser finds at an address of a page."""
        path = urlsplit(urljoin(f"{self.base_url}{page}", link)).path
        assert path.startswith(f"{self._prefix}/"), path
        return self.get(path.removeprefix(self._prefix))


@pytest.fixture
def site(dependencies: Dependencies) -> Site:
    return Site(ADDRESSES[0], dependencies)


@pytest.fixture(params=ADDRESSES)
def any_site(request: pytest.FixtureRequest, dependencies: Dependencies) -> Site:
    return Site(request.param, dependencies)


def links_of(text: str) -> list[str]:
    return re.findall(r'(?:href|src)="([^"]+)"', text)


def version_of(site: Site, page: str = "app") -> str:
    text = site.get(f"/{page}").body.decode()
    (version,) = set(re.findall(rf"/{page}/([0-9a-f]{{16}})/", text))
    return str(version)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("slash", ["", "/"])
def test_links_of_a_page_work_with_and_without_the_slash(
    any_site: Site, page: str, slash: str
) -> None:
    address = f"/{page}{slash}"
    response = any_site.get(address)
    assert (response.status, response.headers["Content-Type"]) == (200, HTML)
    links = links_of(response.body.decode())
    assert len(links) >= 3
    for link in links:
        if not link.startswith("data:"):
            followed = any_site.follow(address, link)
            assert followed.status == 200, link


@pytest.mark.parametrize("page", PAGES)
def test_every_import_of_a_module_is_served(any_site: Site, page: str) -> None:
    version = version_of(any_site, page)
    seen: set[str] = set()
    waiting = [f"/{page}/{version}/{page}/main.js"]
    while waiting:
        address = waiting.pop()
        response = any_site.get(address)
        assert (response.status, response.headers["Content-Type"]) == (200, SCRIPT), address
        seen.add(address)
        imports = re.findall(r'^import .*?"(.+?)";', response.body.decode(), re.MULTILINE)
        waiting += {urljoin(address, name) for name in imports} - seen
    assert len(seen) > 5


def test_service_worker_stores_files_that_exist(any_site: Site) -> None:
    text = any_site.get("/app/service-worker.js").body.decode()
    (folder,) = re.findall(r'const FOLDER = "(.+?)";', text)
    assert folder == f"{version_of(any_site)}/app/"
    for name in ("manifest.webmanifest", *(f"{folder}{name}" for name in worker_files(text))):
        assert any_site.follow("/app/", name).status == 200, name


def test_icons_of_the_manifest_exist(any_site: Site) -> None:
    response = any_site.get("/app/manifest.webmanifest")
    assert response.headers["Content-Type"] == "application/manifest+json"
    for icon in json.loads(response.body)["icons"]:
        if icon["type"] == "image/png":
            assert icon["src"].startswith("data:image/png;base64,")
        else:
            served = any_site.follow("/app/manifest.webmanifest", icon["src"])
            assert (served.status, served.headers["Content-Type"]) == (200, icon["type"])


@pytest.mark.parametrize("name", ["", "/service-worker.js", "/manifest.webmanifest"])
def test_file_with_a_fixed_address_is_revalidated(site: Site, name: str) -> None:
    first = site.get(f"/app{name}")
    assert first.headers["Cache-Control"] == "public, no-cache"
    again = site.get(f"/app{name}", **{"if-none-match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


def test_other_file_is_cached_for_a_year(site: Site) -> None:
    response = site.get(f"/app/{version_of(site)}/shared/api.js")
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    tag = {"if-none-match": response.headers["ETag"]}
    assert site.get(f"/app/{version_of(site)}/shared/api.js", **tag).status == 304


def test_changed_file_has_another_address(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in PAGES_FOLDER.rglob("*.*"):
        copy = tmp_path / path.relative_to(PAGES_FOLDER)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
    before = version_of(site)
    monkeypatch.setattr(static_pages, "PAGES_FOLDER", tmp_path)
    assert version_of(site) == before
    (tmp_path / "shared" / "api.js").write_text("// changed")
    after = version_of(site)
    assert after != before
    assert site.get(f"/app/{after}/shared/api.js").body == b"// changed"
    assert site.get(f"/app/{before}/shared/api.js").status == 404


def test_page_cannot_be_framed_and_its_files_cannot_be_sniffed(site: Site) -> None:
    response = site.get("/app")
    assert response.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_response_is_compressed(site: Site) -> None:
    for path in ("/app", f"/app/{version_of(site)}/app/sender.js"):
        plain, compressed = site.get(path), site.get(path, **{"accept-encoding": "br, gzip"})
        assert compressed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(compressed.body) == plain.body


def test_head_has_the_headers_of_get(site: Site) -> None:
    for path in ("/app", f"/app/{version_of(site)}/app/main.js"):
        got, head = site.get(path), site.get(path, "HEAD")
        assert (head.status, head.body) == (200, b"")
        assert head.headers == got.headers


@pytest.mark.parametrize(
    "path",
    [
        "/app/index.html",
        "/app/main.js",
        "/app/icon-192.png",
        "/app/{version}",
        "/app/{version}/main.js",
        "/app/{version}/app/index.html",
        "/app/{version}/app/service-worker.js",
        "/app/{version}/app/icon-192.png",
        "/app/{version}/app/nothing.js",
        "/app/{version}/../main.js",
        "/app/{version}/app/../../../static_pages.py",
        "/app/{version}/app/..%2f..%2f..%2fstatic_pages.py",
        "/app/{version}/app/%2e%2e%2f%2e%2e%2fstatic_pages.py",
        "/app/{version}/%2e%2e/static_pages.py",
        "/app/{version}/shared/%2Fetc%2Fpasswd",
        "/app/{version}//etc/passwd",
        "/app/0123456789abcdef/app/main.js",
        "/apple",
    ],
)
def test_other_paths_are_not_served(site: Site, path: str) -> None:
    response = site.get(path.format(version=version_of(site)))
    assert response.status == 404
    assert json.loads(response.body)["errors"][0]["code"] == "route_not_found"


def test_symlink_out_of_the_folder_is_not_followed(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("app", "shared"):
        (tmp_path / folder).mkdir()
    (tmp_path / "app" / "index.html").write_text('<link href="main.js">')
    (tmp_path / "secret.js").write_text("secret")
    (tmp_path / "app" / "link.js").symlink_to(tmp_path / "secret.js")
    monkeypatch.setattr(static_pages, "PAGES_FOLDER", tmp_path)
    assert site.get(f"/app/{version_of(site)}/app/link.js").status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_not_allowed(site: Site, method: str) -> None:
    assert site.get("/app", method).status == 405


def test_pages_make_no_dynamodb_call(site: Site, connection: Connection) -> None:
    with counted(connection) as calls:
        assert site.get(f"/app/{version_of(site)}/app/main.js").status == 200
    assert calls == []


@pytest.mark.parametrize("page", PAGES)
def test_stage_without_pages_serves_none(dependencies: Dependencies, page: str) -> None:
    gateway = Gateway(create_app(Settings(serves_pages=False), dependencies))
    for path in (f"/{page}", f"/{page}/0123456789abcdef/{page}/main.js"):
        assert gateway.handle("GET", path, {}, b"").status == 404


def is_encoder(path: Path) -> bool:
    return path.name.startswith("qrcode-generator")


def worker_files(text: str) -> list[str]:
    (listed,) = re.findall(r"const FILES = \[(.*?)\];", text, re.DOTALL)
    return re.findall(r'"(.+?)"', listed)


def test_service_worker_stores_every_file_that_is_useful_offline() -> None:
    # A QR code needs the server, so its encoder is loaded only with the first one.
    expected = {
        path.name if path.parent.name == "app" else f"../shared/{path.name}"
        for path in FILES
        if path.name not in FIXED and path.suffix != ".png" and not is_encoder(path)
    }
    assert set(worker_files(WORKER.read_text())) == expected


def test_service_worker_version_is_the_hash_of_the_files() -> None:
    """Without a new version, phones use their cached files forever."""
    content = b"".join(path.read_bytes() for path in FILES if path != WORKER)
    version = hashlib.sha256(content).hexdigest()[:16]
    assert f'const VERSION = "{version}";' in WORKER.read_text(), f"set VERSION to {version}"


def test_files_use_no_external_urls() -> None:
    for file in PAGES_FOLDER.rglob("*.*"):
        if file.suffix != ".png" and not is_encoder(file):
            urls = set(re.findall(r"https?://[\w.]+", file.read_text()))
            assert urls <= {"http://127.0.0.1", "http://localhost", "http://www.w3.org"}, file


def test_encoder_of_qr_codes_is_unchanged() -> None:
    """It is ``dist/qrcode.mjs`` of the npm package qrcode-generator 2.0.4."""
    content = (PAGES_FOLDER / "shared" / "qrcode-generator.js").read_bytes()
    assert hashlib.sha256(content).hexdigest() == (
        "ea91d7118a5395289170da848b7c6758b996163bfbccf312591ab65a4911b7c0"
    )
    assert (PAGES_FOLDER / "shared" / "qrcode-generator.LICENSE.txt").exists()


def test_pages_write_data_as_text_only() -> None:
    for file in PAGES_FOLDER.rglob("*.js"):
        if file.name != "qrcode-generator.js":
            markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\("
            assert not re.search(markup, file.read_text()), file


@pytest.mark.parametrize("page", PAGES)
def test_page_has_no_inline_scripts_or_styles(page: str) -> None:
    text = (PAGES_FOLDER / page / "index.html").read_text()
    assert re.findall(r"<script[^>]*>", text) == ['<script type="module" src="main.js">']
    assert not re.search(r"\s(on\w+|style)=", text)
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', text)
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in policy
