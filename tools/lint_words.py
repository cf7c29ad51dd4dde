"""Check the words and the line lengths of the project's text: ``make lint-words``.

``.withdrawn-words.txt`` lists words that the project no longer uses, one regular expression a line.
A match counts only as a whole word, in upper or lower case. Identifiers count as words too: the
pattern ``gizmo`` matches ``gizmo_of`` and ``GizmoModel``. Markdown lines have at most 120
characters, except lines that consist of one URL.
"""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path

from infra.command_line import new_parser

ROOT = Path(__file__).parent.parent
_LIST = ".withdrawn-words.txt"
_MAX_MARKDOWN_LINE = 120
_SUFFIXES = {".css", ".html", ".js", ".md", ".py", ".toml", ".yaml", ".yml"}
_NAMES = {"Makefile", "run"}
_VENDORED = "swagger-ui"
_URL_ALONE = re.compile(r"\s*([-*>]\s+|\[[^\]]+\]:\s*)?<?https?://\S+")
_RELEASE = re.compile(r"## \[?\d")
_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def main() -> int:
    """Print each violation as ``file:line: message``. Return 1 if there is one, else 0."""
    new_parser("tools.lint_words", "Check words, and line lengths in Markdown.").parse_args()
    withdrawn = read_patterns((ROOT / _LIST).read_text())
    violations = [
        f"{path}:{number}: {message}"
        for path in _files()
        for number, message in check(path, (ROOT / path).read_text(), withdrawn)
    ]
    for violation in violations:
        print(violation)
    if violations:
        print(f"{len(violations)} violations; {_LIST} lists the withdrawn words")
    return 1 if violations else 0


def read_patterns(text: str) -> re.Pattern[str]:
    """Combine the lines of the list to one pattern; ``#`` starts a comment."""
    patterns = [line.partition("#")[0].strip() for line in text.splitlines()]
    alternatives = "|".join(pattern for pattern in patterns if pattern)
    return re.compile(rf"\b(?:{alternatives})\b", re.IGNORECASE)


def check(path: str, text: str, withdrawn: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """Yield the line number and the message of each violation in a file.

    In a changelog, released versions are history and not checked.
    """
    lines: Iterable[str] = text.splitlines()
    if Path(path).name == "CHANGELOG.md":
        lines = takewhile(lambda line: not _RELEASE.match(line), lines)
    is_markdown = path.endswith(".md")
    for number, line in enumerate(lines, 1):
        for match in withdrawn.finditer(_words(line)):
            yield number, f'withdrawn: "{match[0]}"'
        if is_markdown and len(line) > _MAX_MARKDOWN_LINE and not _URL_ALONE.fullmatch(line):
            yield number, f"{len(line)} characters; at most {_MAX_MARKDOWN_LINE}"


def _words(line: str) -> str:
    """Separate the words of identifiers with spaces: snake_case and CamelCase."""
    return _CAMEL_CASE.sub(" ", line).replace("_", " ")


def _files() -> Iterator[str]:
    """Yield the text files that Git tracks, or that are new and not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    if listing.returncode:
        sys.exit(f"Cannot list the files to check: {listing.stderr.strip()}")
    for path in sorted(set(listing.stdout.split("\0"))):
        file = Path(path)
        is_text = file.suffix in _SUFFIXES or file.name in _NAMES
        if is_text and not file.name.startswith(_VENDORED) and (ROOT / file).is_file():
            yield path


if __name__ == "__main__":
    sys.exit(main())
