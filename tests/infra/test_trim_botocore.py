"""The trimmed botocore data in the package: smaller, and botocore behaves the same."""

import io
import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.loaders import Loader
from urllib3 import HTTPResponse

from infra.archive import CALLED_SERVICES
from infra.trim_botocore import AWS_ROOTS, aws_roots, slim, without_documentation

BOTOCORE = Path(botocore.__file__).parent
REGIONS = (
    "eu-central-1",
    "us-east-1",
    "ap-southeast-7",
    "cn-north-1",
    "us-gov-west-1",
    "eu-moon-1",
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package folder that contains only trimmed botocore data."""
    root = tmp_path_factory.mktemp("package")
    data = root / "botocore" / "data"
    data.mkdir(parents=True)
    for path in (BOTOCORE / "data").glob("*.json"):
        shutil.copy(path, data)
    for name in CALLED_SERVICES:
        shutil.copytree(BOTOCORE / "data" / name, data / name)
    shutil.copy(BOTOCORE / "cacert.pem", root / "botocore")
    slim(root, CALLED_SERVICES)
    return root


def clients(loader: Loader) -> Iterator[Any]:
    session = botocore.session.Session()
    session.register_component("data_loader", loader)
    session.set_credentials("none", "none")
    for name in sorted(CALLED_SERVICES):
        for region in REGIONS:
            yield session.create_client(name, region_name=region)


@pytest.fixture(scope="module")
def trimmed(root: Path) -> Loader:
    return Loader([str(root / "botocore" / "data")], include_default_search_paths=False)


def test_trimmed_data_resolve_the_same_endpoints(trimmed: Loader) -> None:
    original = [client.meta.endpoint_url for client in clients(Loader())]
    assert [client.meta.endpoint_url for client in clients(trimmed)] == original
    assert len(set(original)) == len(CALLED_SERVICES) * len(REGIONS)


def test_trimmed_data_sign_a_push_like_the_original(trimmed: Loader) -> None:
    # The endpoint of a WebSocket API is given. Its service has another name in signatures.
    endpoint = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/live"
    for loader in (Loader(), trimmed):
        session = botocore.session.Session()
        session.register_component("data_loader", loader)
        session.set_credentials("none", "none")
        client: Any = session.create_client(
            "apigatewaymanagementapi", region_name="eu-central-1", endpoint_url=endpoint
        )
        sent: list[Any] = []

        def answer(request: Any, sent: list[Any] = sent, **_: Any) -> Any:
            sent.append(request)
            body = HTTPResponse(io.BytesIO(), preload_content=False)
            return AWSResponse(request.url, 200, HTTPHeaders(), body)

        client.meta.events.register("before-send", answer)
        client.post_to_connection(ConnectionId="dE_sdaXGoAMCEYQ=", Data=b"text")
        (request,) = sent
        assert request.url == f"{endpoint}/@connections/dE_sdaXGoAMCEYQ%3D"
        assert b"/eu-central-1/execute-api/aws4_request" in request.headers["Authorization"]


@pytest.mark.parametrize("service", sorted(CALLED_SERVICES))
def test_trimmed_service_models_differ_only_in_documentation(trimmed: Loader, service: str) -> None:
    original = Loader().load_service_model(service, "service-2")
    assert trimmed.load_service_model(service, "service-2") == without_documentation(original)
    for kind in ("endpoint-rule-set-1", "paginators-1"):
        assert trimmed.load_service_model(service, kind) == without_documentation(
            Loader().load_service_model(service, kind)
        )


def test_only_documentation_texts_are_removed() -> None:
    model = {"documentation": "long", "members": {"documentation": {"shape": "Text"}}}
    assert without_documentation([model]) == [{"members": {"documentation": {"shape": "Text"}}}]


def test_trimmed_endpoints_are_20_times_smaller(root: Path) -> None:
    size = (root / "botocore" / "data" / "endpoints.json").stat().st_size
    assert size * 20 < (BOTOCORE / "data" / "endpoints.json").stat().st_size


def test_aws_ca_bundle_has_only_the_roots_of_aws(root: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(root / AWS_ROOTS)
    certificates: list[Any] = context.get_ca_certs()
    subjects = [dict(pair for (pair,) in certificate["subject"]) for certificate in certificates]
    names = {
        str(subject.get("commonName", subject.get("organizationName"))) for subject in subjects
    }
    assert names >= {f"Amazon Root CA {number}" for number in (1, 2, 3, 4)}
    assert {name.split()[0] for name in names} == {"Amazon", "Starfield", "DigiCert"}
    # Webhook deliveries use the complete bundle, which stays unchanged.
    complete_bundle = (root / "botocore" / "cacert.pem").read_bytes()
    assert complete_bundle == (BOTOCORE / "cacert.pem").read_bytes()


def test_packaging_fails_when_an_aws_root_is_missing(root: Path) -> None:
    begin = "-----BEGIN"
    certificates = [begin + part for part in (root / AWS_ROOTS).read_text().split(begin)[1:]]
    amazon_roots = [pem for pem in certificates if "Amazon" in subject_of(pem)]
    assert len(amazon_roots) == 4
    for removed in amazon_roots:
        with pytest.raises(ValueError, match=f"lack {subject_of(removed)}"):
            aws_roots("".join(pem for pem in certificates if pem != removed).encode())


def subject_of(certificate: str) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=certificate)
    (loaded,) = context.get_ca_certs()
    names: Any = loaded["subject"]
    return str(dict(pair for (pair,) in names).get("commonName"))
