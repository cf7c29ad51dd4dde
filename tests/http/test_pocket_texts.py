"""The texts of the pocket client: complete in each language, used, and in one file only."""

import re
from pathlib import Path

import pytest

from chalicelib.http.static_pages import PAGES_FOLDER

APP = PAGES_FOLDER / "app"
TEXTS = (APP / "texts.js").read_text()
LANGUAGES = {"en": "ENGLISH", "de": "GERMAN"}
# The service worker cannot load the texts: its one page is in both languages.
OTHERS = {"texts.js", "service-worker.js"}
MODULES = sorted(path for path in APP.glob("*.js") if path.name not in OTHERS)
HTML = (APP / "index.html").read_text()


def texts_of(language: str) -> dict[str, str]:
    """The texts of a language by name, as JavaScript."""
    body = TEXTS.split(f"const {LANGUAGES[language]} = {{\n")[1].split("\n};\n")[0]
    parts = re.split(r"^  (\w+): ?", body, flags=re.MULTILINE)
    names = parts[1::2]
    assert len(set(names)) == len(names), "a name twice: the second text would replace the first"
    return dict(zip(names, parts[2::2], strict=True))


def parameters_of(text: str) -> list[str]:
    """The names of the values of a text that is a function."""
    match = re.match(r"\(([^)]*)\) =>", text)
    return re.findall(r"\w+", match[1]) if match else []


def names_in(text: str) -> list[str]:
    """The names of a text's own texts: some are objects."""
    return re.findall(r"^    (\w+):(?: |$)", text, flags=re.MULTILINE)


def test_languages_have_the_same_texts() -> None:
    english = texts_of("en")
    assert len(english) > 50
    for language in LANGUAGES:
        texts = texts_of(language)
        assert list(texts) == list(english)
        for name, text in texts.items():
            assert parameters_of(text) == parameters_of(english[name]), name
            assert names_in(text) == names_in(english[name]), name


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_texts_use_all_their_values(language: str) -> None:
    for name, text in texts_of(language).items():
        for value in parameters_of(text):
            assert len(re.findall(rf"\b{value}\b", text)) > 1, (name, value)


def test_texts_are_those_that_the_page_uses() -> None:
    named = set(re.findall(r'data-(?:text|label)="(\w+)"', HTML))
    used = {name for path in MODULES for name in re.findall(r"TEXTS\.(\w+)", path.read_text())}
    inside = set(re.findall(r"TEXTS\.(\w+)", TEXTS))
    assert named | used | inside == set(texts_of("en"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_other_modules_have_no_texts(path: Path) -> None:
    """A literal with two words in a row is a text, except for what only a program reads."""
    ignored = r"^\s*//.*|new Error\(.*|querySelector.*"
    lines = re.sub(ignored, "", path.read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\$\{[^}]*\}|postMessage\(.*|\w+\.key [!=]== .\w+.", "", lines)
    literals = [text[1:-1] for text in re.findall(r'"[^"\n]*"|`[^`]*`', lines)]
    words = [text for text in literals if re.search(r"[A-Za-z]{2,}[.,:]? [A-Za-z]{2,}", text)]
    assert [text for text in words if not is_selector(text)] == []
    assert [text for text in literals if re.fullmatch(r"[A-Z][a-z]+\.?", text)] == []


def is_selector(text: str) -> bool:
    return re.search(r"[#.\[]\w", text) is not None


def test_html_has_no_texts() -> None:
    body = HTML.split("<body>")[1]
    # What the page shows before its modules run, in both languages.
    shown_later = re.sub(
        r'<noscript>.*?</noscript>|<div id="starting">.*?</div>', "", body, flags=re.DOTALL
    )
    assert re.findall(r">\s*([^<>\s][^<>]*)<", shown_later) == ["stint", "\u2039", "\u203a"]
