"""Run a command beside a local server with demo data; ``STINT_URL`` holds its base URL.

::

    python -m tests.support.with_local_server npm test
"""

import os
import subprocess
import sys

from tests.support.local_server import free_port, serving


def main(command: list[str]) -> int:
    """Return the exit code of the command."""
    port = free_port()
    with serving(port, STINT_TABLE_PREFIX=f"stint-command-{port}"):
        url = f"http://127.0.0.1:{port}/api/v2"
        return subprocess.run(command, env={**os.environ, "STINT_URL": url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
