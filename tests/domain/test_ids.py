import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.ids import MAX_ID, IdSource, parse_id

MARCH_2026 = 1_772_438_400_000
LAST_MILLISECOND = 1_735_689_600_000 + 2**41 - 1
"""2094-09-07T15:47:35.551Z"""


@pytest.mark.parametrize(
    ("value", "record_id"),
    [
        (1, 1),
        ("1", 1),
        (364, 364),
        ("364", 364),
        (MAX_ID, MAX_ID),
        ("9007199254740991", MAX_ID),
    ],
)
def test_an_id_comes_as_a_number_or_as_its_digits(value: object, record_id: int) -> None:
    assert parse_id(value) == record_id


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        0,
        -1,
        1.0,
        364.5,
        float("nan"),
        MAX_ID + 1,
        10**400,
        "",
        " ",
        "0",
        "-1",
        "+1",
        "007",
        "1.0",
        "1e3",
        "0x10",
        "1_000",
        "1,000",
        " 364",
        "364 ",
        "364\n",
        "9007199254740992",
        "9999999999999999",
        "1" * 5000,
        "\u0663\u0666\u0664",
        "\uff13\uff16\uff14",
        "\u00b2",
        "abc",
        b"364",
        [364],
        {"id": 364},
    ],
)
def test_nothing_else_is_an_id(value: object) -> None:
    assert parse_id(value) is None


@settings(max_examples=50, deadline=None)
@given(st.integers(1, MAX_ID))
def test_every_id_survives_being_written(record_id: int) -> None:
    assert parse_id(str(record_id)) == record_id


class _Clock:
    """Shows one reading after another; the last for ever."""

    def __init__(self, *readings: int) -> None:
        self._readings = list(readings)

    def __call__(self) -> int:
        return self._readings.pop(0) if len(self._readings) > 1 else self._readings[0]


def _rise(ids: list[int]) -> bool:
    return all(earlier < later for earlier, later in pairwise(ids))


@pytest.mark.parametrize(
    "readings",
    [
        pytest.param((MARCH_2026,), id="the clock stands still"),
        pytest.param((MARCH_2026, MARCH_2026 - 60_000), id="the clock goes back"),
        pytest.param((MARCH_2026, 0), id="the clock is lost"),
        pytest.param((MARCH_2026, MARCH_2026 + 1, MARCH_2026 + 2), id="the clock goes on"),
    ],
)
def test_ids_rise_whatever_the_clock_does(readings: tuple[int, ...]) -> None:
    source = IdSource(_Clock(*readings))
    assert _rise([source.draw() for _ in range(5000)])


def test_ids_grow_with_time_across_processes() -> None:
    latest = IdSource(_Clock(MARCH_2026), random_bits=lambda _: 4095).draw()
    earliest_after = IdSource(_Clock(MARCH_2026 + 1), random_bits=lambda _: 0).draw()
    assert latest < earliest_after


def test_two_processes_seldom_draw_the_same_id() -> None:
    ids = {IdSource(_Clock(MARCH_2026)).draw() for _ in range(100)}
    assert len(ids) > 80


def test_an_id_is_larger_than_the_one_it_comes_after() -> None:
    ahead = IdSource(_Clock(MARCH_2026 + 60_000)).draw()
    source = IdSource(_Clock(MARCH_2026))
    assert _rise([ahead, source.draw(after=ahead), source.draw()])


def test_an_older_id_to_come_after_changes_nothing() -> None:
    source = IdSource(_Clock(MARCH_2026), random_bits=lambda _: 7)
    assert source.draw(after=11) == IdSource(_Clock(MARCH_2026), random_bits=lambda _: 7).draw()


def test_ids_are_positive_on_a_clock_before_their_epoch() -> None:
    assert IdSource(_Clock(0)).draw() > 0


def test_ids_fit_into_javascript_numbers_until_september_2094() -> None:
    last = IdSource(_Clock(LAST_MILLISECOND), random_bits=lambda bits: 2**bits - 1).draw()
    too_late = IdSource(_Clock(LAST_MILLISECOND + 1), random_bits=lambda _: 0).draw()
    assert (last, too_late) == (MAX_ID, MAX_ID + 1)


@pytest.fixture
def _eager_threads() -> Iterator[None]:
    """Threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_eager_threads")
def test_threads_never_share_an_id() -> None:
    source = IdSource(_Clock(MARCH_2026), random_bits=lambda _: 0)

    def draw_many(_: int) -> list[int]:
        return [source.draw() for _ in range(2000)]

    with ThreadPoolExecutor(max_workers=8) as threads:
        drawn = list(threads.map(draw_many, range(8)))
    assert all(_rise(ids) for ids in drawn)
    assert len({id_ for ids in drawn for id_ in ids}) == 8 * 2000
