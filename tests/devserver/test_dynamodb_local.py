"""The engine of ``tools.devserver.dynamodb_local``: its errors, and its end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(("program", "installed"), [("java", []), ("npm", ["java"])])
def test_missing_program_is_named_in_the_error(
    tmp_path: Path, program: str, installed: list[str]
) -> None:
    for name in installed:
        stand_in = tmp_path / name
        stand_in.write_text("#!/bin/sh\n")
        stand_in.chmod(0o755)
    script = (
        "import sys, pathlib, tools.devserver.dynamodb_local as module;"
        f"module._ENGINE = pathlib.Path({str(tmp_path / 'nothing')!r});"
        "sys.exit(module.main(['true']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith(f"{program} is missing")
    assert "Traceback" not in result.stderr


def run_with_java(folder: Path, java: str) -> "subprocess.Popen[str]":
    """Run `sleep 60` on an engine that is a shell script."""
    (folder / "java").write_text(f"#!/bin/sh\n{java}\n")
    (folder / "java").chmod(0o755)
    (folder / "DynamoDBLocal.jar").touch()
    script = (
        "import sys, pathlib, tools.devserver.dynamodb_local as module;"
        f"module._ENGINE = pathlib.Path({str(folder)!r});"
        "sys.exit(module.main(['sleep', '60']))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script],
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_words_of_java_are_printed_if_the_engine_does_not_start(tmp_path: Path) -> None:
    process = run_with_java(tmp_path, "echo 'UnsupportedClassVersionError: 52.0' >&2; exit 1")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "ended with exit code 1" in errors
    assert "UnsupportedClassVersionError: 52.0" in errors
    assert "Traceback" not in errors


def test_engine_ends_with_the_command(tmp_path: Path) -> None:
    # Listens on the port, the last argument, until it is ended.
    listen = (
        "import os, socket, sys, time\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
        "server = socket.create_server(('127.0.0.1', int(sys.argv[-1])))\n"
        "time.sleep(60)\n"
    )
    (tmp_path / "engine.py").write_text(listen)
    process = run_with_java(tmp_path, f'exec {sys.executable} {tmp_path / "engine.py"} "$@"')
    assert process.stdout is not None
    assert "listens on" in process.stdout.readline()
    engine = int((tmp_path / "pid").read_text())
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 143
    with pytest.raises(ProcessLookupError):
        os.kill(engine, 0)


def test_server_that_keeps_data_warns_that_the_engine_is_not_on_loopback(tmp_path: Path) -> None:
    """Java is a shell script that ends at once: only the start matters."""
    (tmp_path / "java").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "java").chmod(0o755)
    (tmp_path / "DynamoDBLocal.jar").touch()
    script = (
        "import runpy, pathlib, tools.devserver.dynamodb_local as module;"
        f"module._ENGINE = pathlib.Path({str(tmp_path)!r});"
        "runpy.run_module('tools.devserver', run_name='__main__')"
    )
    variables = {"ENGINE": "dynamodb-local", "PORT": "0"}
    for folder, is_warned in ((str(tmp_path / "data"), True), ("none", False)):
        result = subprocess.run(
            [sys.executable, "-c", script],
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "STINT_DATA": folder, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "ended with exit code 1" in result.stderr
        assert ("listens on all interfaces" in result.stderr) == is_warned
