"""Packages for the cold start benchmark: stint's deployed package, and the baselines.

Each baseline becomes a folder as Lambda unpacks it: its source (``benchmarks/baselines``) and its
dependencies, installed by pip and pinned by requirements/bench.txt. All are compiled in the same
way.
"""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from infra import package
from infra.archive import compile_for_lambda, refine_folder
from infra.trim_botocore import AWS_ROOTS

_ROOT = Path(__file__).parent.parent
_BASELINES = Path(__file__).parent / "baselines"
_PINS = _ROOT / "requirements" / "bench.txt"
_UV = Path(sys.executable).with_name("uv")


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline: the folder of its source, and its dependencies.

    ``refined``: its archive is trimmed like stint's, so that only the code differs.
    """

    name: str
    folder: str
    requirements: tuple[str, ...]
    refined: bool = False


@dataclass(frozen=True, slots=True)
class Package:
    """An unpacked package, its handler, and the certificates that it trusts."""

    name: str
    folder: Path
    handler: str
    authorities: Path

    def trust(self, authority: bytes) -> None:
        """Trust one more certificate authority."""
        with self.authorities.open("ab") as bundle:
            bundle.write(authority)


BARE = Baseline("bare botocore", "bare_botocore", ("botocore", "tzdata"))
BASELINES = (
    BARE,
    Baseline(
        "bare botocore, trimmed archive",
        "bare_botocore",
        ("botocore", "tzdata"),
        refined=True,
    ),
    Baseline(
        "Powertools + pydantic + boto3",
        "with_powertools",
        ("aws-lambda-powertools", "pydantic", "boto3", "tzdata"),
    ),
    Baseline("FastAPI + Mangum + boto3", "with_fastapi", ("fastapi", "mangum", "boto3", "tzdata")),
)


def stint(archive: Path, scratch: Path) -> Package:
    """Unpack the package that is deployed."""
    folder = scratch / "stint"
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    return Package("stint", folder, "app.app", folder / AWS_ROOTS)


def deployed_archive() -> Path:
    """Build the package from the current sources; return its archive."""
    package.build(package.DEFAULT_FOLDER)
    return package.DEFAULT_FOLDER / package.ARCHIVE


def baseline_package(baseline: Baseline, scratch: Path) -> Package:
    """Build a baseline's package; its dependencies are installed once, into .cache."""
    folder = scratch / baseline.name.replace(" ", "-")
    shutil.copytree(_dependencies(baseline), folder)
    shutil.copy(_BASELINES / baseline.folder / "app.py", folder)
    authorities = folder / "botocore" / "cacert.pem"
    if baseline.refined:
        refine_folder(folder)
        authorities = folder / AWS_ROOTS
    else:
        compile_for_lambda(folder)
    return Package(baseline.name, folder, "app.handler", authorities)


def _dependencies(baseline: Baseline) -> Path:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    pinned = hashlib.sha256(_PINS.read_bytes() + repr(baseline.requirements).encode())
    folder = _ROOT / ".cache" / f"benchmarks-{baseline.folder}-{version}-{pinned.hexdigest()[:12]}"
    if not folder.exists():
        unfinished = folder.with_suffix(".part")
        command = [str(_UV), "pip", "install", "--quiet", "--python", sys.executable]
        command += ["--target", str(unfinished), "--constraint", str(_PINS)]
        subprocess.run([*command, *baseline.requirements], check=True)  # noqa: S603
        unfinished.rename(folder)
    return folder
