import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.ids import MAX_ID, IdGenerator, parse_id

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
def test_id_is_parsed_from_an_integer_or_its_digits(value: object, record_id: int) -> None:
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
def test_other_values_are_not_ids(value: object) -> None:
    assert parse_id(value) is None


@settings(max_examples=50, deadline=None)
@given(st.integers(1, MAX_ID))
def test_id_round_trips_through_a_string(record_id: int) -> None:
    assert parse_id(str(record_id)) == record_id


class _Clock:
    """Returns its readings one after another, in milliseconds, then repeats the last one."""

    def __init__(self, *readings: int) -> None:
        self._readings = list(readings)

    def __call__(self) -> int:
        return self._readings.pop(0) if len(self._readings) > 1 else self._readings[0]


def _is_increasing(ids: list[int]) -> bool:
    return all(earlier < later for earlier, later in pairwise(ids))


@pytest.mark.parametrize(
    "readings",
    [
        pytest.param((MARCH_2026,), id="the clock does not move"),
        pytest.param((MARCH_2026, MARCH_2026 - 60_000), id="the clock goes back"),
        pytest.param((MARCH_2026, 0), id="the clock is reset to zero"),
        pytest.param((MARCH_2026, MARCH_2026 + 1, MARCH_2026 + 2), id="the clock goes forward"),
    ],
)
def test_ids_increase_even_when_the_clock_does_not(readings: tuple[int, ...]) -> None:
    source = IdGenerator(_Clock(*readings))
    assert _is_increasing([source.generate() for _ in range(5000)])


def test_ids_increase_with_time_across_processes() -> None:
    latest = IdGenerator(_Clock(MARCH_2026), random_bits=lambda _: 4095).generate()
    earliest_after = IdGenerator(_Clock(MARCH_2026 + 1), random_bits=lambda _: 0).generate()
    assert latest < earliest_after


def test_processes_rarely_generate_the_same_id() -> None:
    ids = {IdGenerator(_Clock(MARCH_2026)).generate() for _ in range(100)}
    assert len(ids) > 80


def test_generated_id_is_larger_than_the_after_argument() -> None:
    future_id = IdGenerator(_Clock(MARCH_2026 + 60_000)).generate()
    source = IdGenerator(_Clock(MARCH_2026))
    assert _is_increasing([future_id, source.generate(after=future_id), source.generate()])


def test_older_after_argument_has_no_effect() -> None:
    source = IdGenerator(_Clock(MARCH_2026), random_bits=lambda _: 7)
    assert (
        source.generate(after=11)
        == IdGenerator(_Clock(MARCH_2026), random_bits=lambda _: 7).generate()
    )


def test_ids_are_positive_when_the_clock_is_before_the_epoch() -> None:
    assert IdGenerator(_Clock(0)).generate() > 0


def test_ids_fit_into_javascript_numbers_until_september_2094() -> None:
    last = IdGenerator(_Clock(LAST_MILLISECOND), random_bits=lambda bits: 2**bits - 1).generate()
    too_late = IdGenerator(_Clock(LAST_MILLISECOND + 1), random_bits=lambda _: 0).generate()
    assert (last, too_late) == (MAX_ID, MAX_ID + 1)


@pytest.fixture
def _frequent_thread_switches() -> Iterator[None]:
    """Make the interpreter switch threads as often as possible."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_frequent_thread_switches")
def test_threads_never_generate_the_same_id() -> None:
    source = IdGenerator(_Clock(MARCH_2026), random_bits=lambda _: 0)

    def generate_many(_: int) -> list[int]:
        return [source.generate() for _ in range(2000)]

    with ThreadPoolExecutor(max_workers=8) as threads:
        ids_by_thread = list(threads.map(generate_many, range(8)))
    assert all(_is_increasing(ids) for ids in ids_by_thread)
    assert len({id_ for ids in ids_by_thread for id_ in ids}) == 8 * 2000
