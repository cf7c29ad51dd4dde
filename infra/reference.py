"""Update the renderer of the API's reference page: ``python -m infra.reference``.

The renderer is Swagger UI, from its own npm package. Its files are stored unchanged in
``chalicelib/http/reference``, so that the page needs no third-party server. To upgrade, change
the version and the checksum here.
"""

import shutil
from hashlib import sha256
from pathlib import Path

from infra.command_line import new_parser
from infra.npm import unpacked

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "chalicelib" / "http" / "reference"
VERSION = "5.35.0"
FILES = (
    "LICENSE",
    "NOTICE",
    "swagger-ui-bundle.js",
    "swagger-ui-bundle.js.LICENSE.txt",
    "swagger-ui.css",
)
_SHA256 = "1b8e891893404ea4c3558b6a87e2a3e494e7eedba41168c2ece5800a391a6ea6"


def renew(folder: Path) -> None:
    """Copy the renderer's files into a folder, with their checksums."""
    with unpacked(f"swagger-ui-dist@{VERSION}", _SHA256, ROOT / ".cache") as files:
        for name in FILES:
            shutil.copyfile(files / "package" / name, folder / name)
    sums = (f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in FILES)
    (folder / "SHA256SUMS").write_text("".join(sums))


if __name__ == "__main__":
    new_parser("infra.reference", "Update the renderer of the API's reference page.").parse_args()
    renew(FOLDER)
    print(f"Swagger UI {VERSION} is in {FOLDER.relative_to(ROOT)}")
