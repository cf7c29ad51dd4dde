"""An emulator leaves neither processes nor files behind, also if the tests are interrupted."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.stack.template import ROOT
from tests.support.receiver import eventually

pytestmark = pytest.mark.emulator

SECONDS = 60

# Starts an emulator and a function's process, and waits.
INTERRUPTED = """
import json, sys
from tests.emulator.ministack import emulating
from tests.emulator.test_shims import call, probe_api

with emulating() as emulator:
    call(probe_api(emulator), "GET", "/working")
    print(json.dumps([emulator.process.pid, str(emulator.folder)]), flush=True)
    sys.stdin.read()
"""


def processes(group: int) -> list[str]:
    """Return the running processes of a group."""
    listed = subprocess.run(
        ["ps", "-e", "-o", "pgid=,stat=,args="],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = [line.split(maxsplit=2) for line in listed.splitlines()]
    return [row[2] for row in rows if row[0] == str(group) and not row[1].startswith("Z")]


@pytest.mark.parametrize("interruption", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_tests_leave_nothing_behind(interruption: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as tests:
        assert tests.stdout is not None
        group, folder = json.loads(tests.stdout.readline())
        # The emulator, and the process of a function.
        assert len(processes(group)) == 2
        tests.send_signal(interruption)
        tests.wait(SECONDS)
    assert eventually(lambda: not processes(group), SECONDS)
    assert eventually(lambda: not Path(folder).exists(), SECONDS)
