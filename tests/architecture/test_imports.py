"""What importing the application loads: each module costs time at every cold start."""

import json
import subprocess
import sys

SCRIPT = """
import json, os, sys
before = set(sys.modules)
os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = "none"
import app
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps(sorted(loaded - sys.stdlib_module_names)))
"""

# Not in the package: botocore and Chalice use them where development tools have brought them.
OPTIONAL = {"certifi", "typing_extensions"}

ALLOWED = {
    "app",
    "botocore",
    "chalice",
    "chalicelib",
    "dateutil",
    "jmespath",
    "msgspec",
    "pynamodb",
    "six",
    "urllib3",
}


def test_importing_the_app_loads_these_packages_and_no_others() -> None:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    loaded = {name for name in json.loads(result.stdout) if not name.startswith("_")}
    assert loaded - OPTIONAL == ALLOWED
