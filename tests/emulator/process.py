"""The emulator's process: MiniStack with the shims. ``ministack.py`` starts it.

It ends when its standard input is closed: also when the tests were killed and cannot end it. It
then deletes its files, and ends the functions' processes, which are in its process group.
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
    """Wait until the standard input is closed, then end this process and its children."""
    sys.stdin.buffer.read()
    shutil.rmtree(Path(os.environ["TMPDIR"]).parent, ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    if os.environ.get("STINT_SHIMS") != "0":
        shims.apply_all()
    faults.install()
    main()
