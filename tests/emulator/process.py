"""The emulator's process: MiniStack with the shims. ``ministack.py`` starts it.

It ends when its standard input is closed, which also happens when the tests are killed. It then
ends its workers, which are in its process group, and deletes its temporary folder.
"""

import os
import shutil
import signal
import sys
import threading
from pathlib import Path

# Instead of this folder, which has a module with the name of MiniStack's package.
sys.path[0] = str(Path(__file__).parents[2])

from ministack.app import main

from tests.emulator import faults, shims


def end_with_parent() -> None:
    """Wait until the standard input is closed, then end this process and its workers."""
    sys.stdin.buffer.read()
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    if os.environ.get("STINT_SHIMS") != "0":
        shims.apply_all()
    faults.install()
    main()
