"""The deployment archive is small, compiled, built for Lambda and reproducible."""

import importlib.util
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from infra import package as package_command
from infra.archive import CALLED_SERVICES, TASK_ROOT
from infra.package import ARCHIVE, TEMPLATE, build
from infra.stack.template import ROOT
from infra.trim_botocore import AWS_ROOTS
from tests.support.stack import of_type, read

pytestmark = pytest.mark.package

# The documented limit is 12 MB. This lower limit makes growth visible.
MAX_BYTES = 5_000_000
X86_64 = 62
UNCHECKED_HASH = 0b01
# The glibc version of Lambda's images, by Python version: Amazon Linux 2, then Amazon Linux 2023.
GLIBC = (2, 26) if sys.version_info < (3, 12) else (2, 34)


@pytest.fixture
def archive(package: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(package / ARCHIVE) as opened:
        yield opened


def test_archive_is_smaller_than_the_limit(package: Path) -> None:
    assert (package / ARCHIVE).stat().st_size < MAX_BYTES


def test_runtime_is_the_python_version_that_built_the_package(package: Path) -> None:
    function = read(package / TEMPLATE)["Resources"]["APIHandler"]["Properties"]
    assert function["Runtime"] == f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert function["Architectures"] == ["x86_64"]


def test_every_module_has_bytecode_of_that_python_version(archive: zipfile.ZipFile) -> None:
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


def test_archive_has_the_data_of_every_time_zone(archive: zipfile.ZipFile) -> None:
    names = archive.read("tzdata/zones").decode().split()
    assert {"Europe/Zagreb", "America/Vancouver"} <= set(names)
    assert {f"tzdata/zoneinfo/{name}" for name in names} <= set(archive.namelist())


def test_archive_has_exactly_the_pinned_dependencies(archive: zipfile.ZipFile) -> None:
    pinned = re.findall(
        r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE
    )
    expected = {f"{name.replace('-', '_')}-{version}.dist-info" for name, version in pinned}
    folders = {PurePosixPath(name).parts[0] for name in archive.namelist()}
    assert {name for name in folders if name.endswith(".dist-info")} == expected
    assert folders.isdisjoint(
        {"boto3", "pip", "setuptools", "click", "infra", "tools", "tests", "benchmarks"}
    )


def test_archive_of_a_dependency_with_another_hash_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_sources = package_command._copy_sources

    def tampered(target: Path) -> None:
        copy_sources(target)
        pinned = (ROOT / "requirements.txt").read_text()
        (target / "requirements.txt").write_text(re.sub(r"sha256:\w{8}", "sha256:01234567", pinned))

    monkeypatch.setattr(package_command, "_copy_sources", tampered)
    with pytest.raises(SystemExit, match="DO NOT MATCH THE HASHES"):
        build(tmp_path)


def test_botocore_has_data_only_of_called_services(archive: zipfile.ZipFile) -> None:
    data = [PurePosixPath(name).parts for name in archive.namelist()]
    services = {parts[2] for parts in data if parts[:2] == ("botocore", "data") and len(parts) > 3}
    assert services == CALLED_SERVICES


def test_functions_use_the_ca_bundle_of_the_archive(
    package: Path, archive: zipfile.ZipFile
) -> None:
    assert AWS_ROOTS in archive.namelist()
    for function in of_type(read(package / TEMPLATE), "AWS::Serverless::Function").values():
        variables = function["Properties"]["Environment"]["Variables"]
        assert variables["AWS_CA_BUNDLE"] == f"{TASK_ROOT}/{AWS_ROOTS}"


def test_every_wheel_is_compatible_with_lambda(archive: zipfile.ZipFile) -> None:
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    metadata = [name for name in archive.namelist() if name.endswith(".dist-info/WHEEL")]
    assert metadata
    for name in metadata:
        tags = re.findall(r"^Tag: (.+)$", archive.read(name).decode(), re.MULTILINE)
        assert any(_is_compatible(tag.strip(), python) for tag in tags), f"{name}: {tags}"


def _is_compatible(tag: str, python: str) -> bool:
    if tag.endswith("-none-any"):
        return True
    match = re.fullmatch(rf"{python}-{python}-manylinux_(\d+)_(\d+)_x86_64", tag)
    legacy = tag == f"{python}-{python}-manylinux2014_x86_64"
    return legacy or (match is not None and (int(match[1]), int(match[2])) <= GLIBC)


def test_every_binary_is_built_for_x86_64(archive: zipfile.ZipFile) -> None:
    binaries = [name for name in archive.namelist() if ".so" in PurePosixPath(name).suffixes]
    assert any("msgspec" in name for name in binaries)
    for name in binaries:
        header = archive.read(name)[:20]
        assert header[:4] == b"\x7fELF"
        assert int.from_bytes(header[18:20], "little") == X86_64


def test_build_on_another_machine_gives_the_same_archive(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # distutils, and therefore pip, detects an Apple laptop. Time zone, region, hash seed and umask
    # also differ.
    monkeypatch.setenv("_PYTHON_HOST_PLATFORM", "macosx-11.0-arm64")
    monkeypatch.setenv("PYTHONHASHSEED", "12345")
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    monkeypatch.setenv("AWS_REGION", "ap-southeast-2")
    script = "from pip._vendor.packaging.tags import sys_tags; print(next(sys_tags()))"
    platform_tag = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert platform_tag.stdout.strip().endswith("macosx_11_0_arm64")
    mask = os.umask(0o077)
    try:
        build(tmp_path / "again")
    finally:
        os.umask(mask)
    for name in (ARCHIVE, TEMPLATE):
        assert (tmp_path / "again" / name).read_bytes() == (package / name).read_bytes()
