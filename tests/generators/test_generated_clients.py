"""A client of each generator compiles, and does what a program with a timer needs."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.generators.tools import (
    NODE_MODULES,
    PROGRAMS,
    PYTHON,
    model_by_openapi_generator,
    npm_tool,
    openapi_generator,
    run,
)
from tools.devserver.demo_data import LONG_ID

pytestmark = pytest.mark.generators

NODE_TYPES = "declare const process: { argv: string[] };\n"
COMPILER_OPTIONS = {
    "strict": True,
    "module": "node16",
    "target": "es2022",
    "lib": ["es2022", "dom", "dom.iterable"],
    "types": [],
    "outDir": "js",
}


def check(output: str) -> None:
    """Check what a program has printed."""
    result: dict[str, Any] = json.loads(output)
    assert result["started"] in result["listed"]
    assert {"services", "time_entries"} <= set(result["included"])
    assert len(result["entries"]) >= 3
    assert all(isinstance(minutes, int) for minutes in result["entries"])
    assert result["stopped"] is True
    assert result["created"] == [30, 0]
    assert result["long_id"] == [LONG_ID, str(LONG_ID)]
    assert result["error"] == "record_not_found"


def test_openapi_generator_for_python(
    description_file: Path, base_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "client"
    openapi_generator(description_file, "python", folder, packageName="stint_client")
    program = shutil.copy(PROGRAMS / "with_openapi_generator.py", folder / "program.py")
    run(PYTHON / "mypy", "--follow-imports=silent", program, cwd=folder)
    check(run(PYTHON / "python", program, base_url, str(LONG_ID), cwd=folder))


def test_openapi_python_client(description_file: Path, base_url: str, tmp_path: Path) -> None:
    generated = run(
        *(PYTHON / "openapi-python-client", "generate", "--path", description_file),
        *("--meta", "none", "--output-path", tmp_path / "stint_client", "--fail-on-warning"),
        cwd=tmp_path,
        PATH=f"{PYTHON}:/usr/bin:/bin",
    )
    assert "warning" not in generated.lower(), generated
    program = shutil.copy(PROGRAMS / "with_openapi_python_client.py", tmp_path / "program.py")
    run(PYTHON / "mypy", "--strict", "--follow-imports=silent", program, cwd=tmp_path)
    check(run(PYTHON / "python", program, base_url, str(LONG_ID), cwd=tmp_path))


def _compile_and_run(folder: Path, base_url: str) -> str:
    """Compile ``program.ts`` strictly with all that it imports, and run it."""
    (folder / "node_modules").symlink_to(NODE_MODULES)
    (folder / "node.d.ts").write_text(NODE_TYPES)
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": COMPILER_OPTIONS}))
    run(npm_tool("tsc"), cwd=folder)
    return run("node", "js/program.js", base_url, str(LONG_ID), cwd=folder)


def test_openapi_generator_for_typescript(
    description_file: Path, base_url: str, tmp_path: Path
) -> None:
    openapi_generator(description_file, "typescript-fetch", tmp_path / "stint-client")
    shutil.copy(PROGRAMS / "with_openapi_generator.ts", tmp_path / "program.ts")
    check(_compile_and_run(tmp_path, base_url))


def test_openapi_typescript(description_file: Path, base_url: str, tmp_path: Path) -> None:
    types = tmp_path / "stint-types.d.ts"
    run(npm_tool("openapi-typescript"), description_file, "--output", types, cwd=tmp_path)
    shutil.copy(PROGRAMS / "with_openapi_typescript.ts", tmp_path / "program.ts")
    check(_compile_and_run(tmp_path, base_url))


@pytest.mark.parametrize(
    ("language", "member"),
    [
        ("java", "private Long personId"),
        ("kotlin", "personId: kotlin.Long"),
        ("go", "PersonId *int64"),
        ("csharp", "long? PersonId"),
        ("rust", "pub person_id: Option<i64>"),
    ],
)
def test_ids_have_64_bits_in_languages_with_sizes(
    description_file: Path, tmp_path: Path, language: str, member: str
) -> None:
    source = model_by_openapi_generator(
        description_file, language, "TimerAttributes", tmp_path / language
    )
    assert member in source
