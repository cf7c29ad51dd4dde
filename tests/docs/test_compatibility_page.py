"""docs/compatibility.md equals what is generated from the declarations."""

from chalicelib.jsonapi.errors import ERROR_STATUS
from chalicelib.productive.declarations import CODES
from tools import compatibility


def test_page_is_up_to_date() -> None:
    advice = "run: make compatibility"
    assert compatibility.PAGE.read_text() == compatibility.page(), advice


def test_every_error_code_has_a_status() -> None:
    assert CODES.keys() == ERROR_STATUS.keys()
    assert set(CODES.values()) == {"same", "other"}
