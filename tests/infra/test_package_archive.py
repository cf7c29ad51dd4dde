"""The deployment archive: small, compiled, for Lambda's machines, and the same every time."""

import importlib.util
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from infra.archive import CALLED_SERVICES, TASK_ROOT
from infra.package import ARCHIVE, TEMPLATE, build
from infra.slimming import AWS_ROOTS
from infra.stack.template import ROOT
from tests.support.stack import of_type, read

pytestmark = pytest.mark.package

# 12 MB are promised; it is less than a third of that, and should not grow unnoticed.
MAX_BYTES = 4_500_000
X86_64 = 62
UNCHECKED_HASH = 0b01
# The C library of Lambda's images, by Python: Amazon Linux 2, then 2023.
GLIBC = (2, 26) if sys.version_info < (3, 12) else (2, 34)


@pytest.fixture
def archive(package: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(package / ARCHIVE) as opened:
        yield opened


def test_it_is_small(package: Path) -> None:
    assert (package / ARCHIVE).stat().st_size < MAX_BYTES


def test_it_is_for_the_python_that_packaged_it(package: Path) -> None:
    function = read(package / TEMPLATE)["Resources"]["APIHandler"]["Properties"]
    assert function["Runtime"] == f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert function["Architectures"] == ["x86_64"]


def test_every_module_is_compiled_for_that_python(archive: zipfile.ZipFile) -> None:
    names = set(archive.namelist())
    modules = [PurePosixPath(name) for name in names if name.endswith(".py")]
    assert PurePosixPath("app.py") in modules
    for module in modules:
        cached = module.parent / "__pycache__" / f"{module.stem}.{sys.implementation.cache_tag}.pyc"
        header = archive.read(str(cached))[:8]
        assert header[:4] == importlib.util.MAGIC_NUMBER
        assert int.from_bytes(header[4:], "little") == UNCHECKED_HASH
    compiled = [name for name in names if name.endswith(".pyc")]
    assert len(compiled) == len(modules)


def test_every_dependency_is_there_and_nothing_else(archive: zipfile.ZipFile) -> None:
    pinned = re.findall(
        r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE
    )
    expected = {f"{name.replace('-', '_')}-{version}.dist-info" for name, version in pinned}
    folders = {PurePosixPath(name).parts[0] for name in archive.namelist()}
    assert {name for name in folders if name.endswith(".dist-info")} == expected
    assert folders.isdisjoint({"boto3", "pip", "setuptools", "click", "infra", "tests", "bench"})


def test_botocore_knows_only_the_services_that_are_called(archive: zipfile.ZipFile) -> None:
    data = [PurePosixPath(name).parts for name in archive.namelist()]
    services = {parts[2] for parts in data if parts[:2] == ("botocore", "data") and len(parts) > 3}
    assert services == CALLED_SERVICES


def test_the_functions_believe_the_authorities_that_it_holds(
    package: Path, archive: zipfile.ZipFile
) -> None:
    assert AWS_ROOTS in archive.namelist()
    for function in of_type(read(package / TEMPLATE), "AWS::Serverless::Function").values():
        variables = function["Properties"]["Environment"]["Variables"]
        assert variables["AWS_CA_BUNDLE"] == f"{TASK_ROOT}/{AWS_ROOTS}"


def test_every_wheel_fits_lambdas_machines(archive: zipfile.ZipFile) -> None:
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    metadata = [name for name in archive.namelist() if name.endswith(".dist-info/WHEEL")]
    assert metadata
    for name in metadata:
        tags = re.findall(r"^Tag: (.+)$", archive.read(name).decode(), re.MULTILINE)
        assert any(_fits(tag.strip(), python) for tag in tags), f"{name}: {tags}"


def _fits(tag: str, python: str) -> bool:
    if tag.endswith("-none-any"):
        return True
    found = re.fullmatch(rf"{python}-{python}-manylinux_(\d+)_(\d+)_x86_64", tag)
    legacy = tag == f"{python}-{python}-manylinux2014_x86_64"
    return legacy or (found is not None and (int(found[1]), int(found[2])) <= GLIBC)


def test_every_binary_is_of_lambdas_architecture(archive: zipfile.ZipFile) -> None:
    binaries = [name for name in archive.namelist() if ".so" in PurePosixPath(name).suffixes]
    assert any("msgspec" in name for name in binaries)
    for name in binaries:
        header = archive.read(name)[:20]
        assert header[:4] == b"\x7fELF"
        assert int.from_bytes(header[18:20], "little") == X86_64


def test_it_is_the_same_from_another_machine(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What distutils, and so pip, believes to run on: an Apple laptop. Elsewhere, later, with
    # another seed and other permissions.
    monkeypatch.setenv("_PYTHON_HOST_PLATFORM", "macosx-11.0-arm64")
    monkeypatch.setenv("PYTHONHASHSEED", "12345")
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    monkeypatch.setenv("AWS_REGION", "ap-southeast-2")
    tags = "from pip._vendor.packaging.tags import sys_tags; print(next(sys_tags()))"
    first = subprocess.run([sys.executable, "-c", tags], check=True, capture_output=True, text=True)
    assert first.stdout.strip().endswith("macosx_11_0_arm64")
    mask = os.umask(0o077)
    try:
        build(tmp_path / "again")
    finally:
        os.umask(mask)
    for name in (ARCHIVE, TEMPLATE):
        assert (tmp_path / "again" / name).read_bytes() == (package / name).read_bytes()
