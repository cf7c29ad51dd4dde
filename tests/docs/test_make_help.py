"""``make`` lists the commands in two columns."""

import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_descriptions_are_in_one_column() -> None:
    make = shutil.which("make")
    assert make is not None
    # Without the variables of the `make` that runs this test.
    environment = {"PATH": os.environ["PATH"]}
    listed = subprocess.check_output([make, "help"], cwd=ROOT, env=environment, text=True)
    columns = [re.match(r"  make \S+ {2,}", line) for line in listed.splitlines()]
    assert len(columns) > 1
    assert len({column and column.end() for column in columns}) == 1, listed
