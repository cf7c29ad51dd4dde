"""botocore's data in the package: less of it, and botocore does the same with it."""

import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
import botocore.session
import pytest
from botocore.loaders import Loader

from infra.archive import CALLED_SERVICES
from infra.slimming import AWS_ROOTS, aws_roots, slim, without_documentation

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
    """A package of botocore's data alone."""
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
def slimmed(root: Path) -> Loader:
    return Loader([str(root / "botocore" / "data")], include_default_search_paths=False)


def test_it_leads_to_the_same_endpoints(slimmed: Loader) -> None:
    usual = [it.meta.endpoint_url for it in clients(Loader())]
    assert [it.meta.endpoint_url for it in clients(slimmed)] == usual
    assert len(set(usual)) == len(CALLED_SERVICES) * len(REGIONS)


@pytest.mark.parametrize("service", sorted(CALLED_SERVICES))
def test_it_describes_the_same_services(slimmed: Loader, service: str) -> None:
    usual = Loader().load_service_model(service, "service-2")
    assert slimmed.load_service_model(service, "service-2") == without_documentation(usual)
    for kind in ("endpoint-rule-set-1", "paginators-1"):
        assert slimmed.load_service_model(service, kind) == without_documentation(
            Loader().load_service_model(service, kind)
        )


def test_documentation_is_text_and_nothing_else() -> None:
    described = {"documentation": "long", "members": {"documentation": {"shape": "Text"}}}
    assert without_documentation([described]) == [{"members": {"documentation": {"shape": "Text"}}}]


def test_it_is_much_less(root: Path) -> None:
    size = (root / "botocore" / "data" / "endpoints.json").stat().st_size
    assert size * 20 < (BOTOCORE / "data" / "endpoints.json").stat().st_size


def test_aws_is_believed_by_its_own_authorities(root: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(root / AWS_ROOTS)
    certificates: list[Any] = context.get_ca_certs()
    subjects = [dict(pair for (pair,) in it["subject"]) for it in certificates]
    names = {str(it.get("commonName", it.get("organizationName"))) for it in subjects}
    assert names >= {f"Amazon Root CA {number}" for number in (1, 2, 3, 4)}
    assert {name.split()[0] for name in names} == {"Amazon", "Starfield", "DigiCert"}
    # All the others stay where receivers of webhooks are believed by them.
    everybody = (root / "botocore" / "cacert.pem").read_bytes()
    assert everybody == (BOTOCORE / "cacert.pem").read_bytes()


def test_a_bundle_that_lacks_one_is_noticed_when_packaging(root: Path) -> None:
    begin = "-----BEGIN"
    certificates = [begin + it for it in (root / AWS_ROOTS).read_text().split(begin)[1:]]
    amazons = [it for it in certificates if "Amazon" in subject_of(it)]
    assert len(amazons) == 4
    for left_out in amazons:
        with pytest.raises(ValueError, match=f"lack {subject_of(left_out)}"):
            aws_roots("".join(it for it in certificates if it != left_out).encode())


def subject_of(certificate: str) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=certificate)
    (loaded,) = context.get_ca_certs()
    names: Any = loaded["subject"]
    return str(dict(pair for (pair,) in names).get("commonName"))
