"""What is compared at a cold start: stint's package as it is deployed, and those of its rivals.

Each rival has a folder as Lambda would unpack it: its source (``bench/rivals``), and its
dependencies as pip installs them, pinned by requirements-bench.txt. All are compiled alike.
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
from infra.slimming import AWS_ROOTS

_ROOT = Path(__file__).parent.parent
_RIVALS = Path(__file__).parent / "rivals"
_PINS = _ROOT / "requirements-bench.txt"
_UV = Path(sys.executable).with_name("uv")


@dataclass(frozen=True, slots=True)
class Rival:
    """Somebody else's way: the folder of its source, and what it depends on.

    ``refined``: its archive is pruned as stint's is, so that only the code differs.
    """

    name: str
    folder: str
    requirements: tuple[str, ...]
    refined: bool = False


@dataclass(frozen=True, slots=True)
class Package:
    """An unpacked package, the name of its handler, and the certificates that it believes."""

    name: str
    folder: Path
    handler: str
    authorities: Path

    def believe(self, authority: bytes) -> None:
        """Believe one more authority."""
        with self.authorities.open("ab") as bundle:
            bundle.write(authority)


BARE = Rival("bare botocore", "bare_botocore", ("botocore", "tzdata"))
RIVALS = (
    BARE,
    Rival("bare botocore, archive as ours", "bare_botocore", ("botocore", "tzdata"), refined=True),
    Rival(
        "Powertools + pydantic + boto3",
        "with_powertools",
        ("aws-lambda-powertools", "pydantic", "boto3", "tzdata"),
    ),
    Rival("FastAPI + Mangum + boto3", "with_fastapi", ("fastapi", "mangum", "boto3", "tzdata")),
)


def stint(archive: Path, scratch: Path) -> Package:
    """The package that is deployed, unpacked."""
    folder = scratch / "stint"
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    return Package("stint", folder, "app.app", folder / AWS_ROOTS)


def deployed_archive() -> Path:
    """What ``make package`` builds of the present sources."""
    package.build(package.DEFAULT_FOLDER)
    return package.DEFAULT_FOLDER / package.ARCHIVE


def rival(given: Rival, scratch: Path) -> Package:
    """A rival's package; its dependencies are installed once, and kept in .cache."""
    folder = scratch / given.name.replace(" ", "-")
    shutil.copytree(_dependencies(given), folder)
    shutil.copy(_RIVALS / given.folder / "app.py", folder)
    authorities = folder / "botocore" / "cacert.pem"
    if given.refined:
        refine_folder(folder)
        authorities = folder / AWS_ROOTS
    else:
        compile_for_lambda(folder)
    return Package(given.name, folder, "app.handler", authorities)


def _dependencies(given: Rival) -> Path:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    pinned = hashlib.sha256(_PINS.read_bytes() + repr(given.requirements).encode())
    folder = _ROOT / ".cache" / f"bench-{given.folder}-{version}-{pinned.hexdigest()[:12]}"
    if not folder.exists():
        unfinished = folder.with_suffix(".part")
        command = [str(_UV), "pip", "install", "--quiet", "--python", sys.executable]
        command += ["--target", str(unfinished), "--constraint", str(_PINS)]
        subprocess.run([*command, *given.requirements], check=True)  # noqa: S603
        unfinished.rename(folder)
    return folder
