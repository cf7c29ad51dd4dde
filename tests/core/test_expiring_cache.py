"""The cache whose values expire."""

from concurrent.futures import ThreadPoolExecutor

from chalicelib.core.expiring_cache import ExpiringCache
from tests.support.clock import FakeClock


def test_value_is_returned_until_it_expires() -> None:
    clock = FakeClock(1_000)
    cache: ExpiringCache[str, int] = ExpiringCache(10, clock)
    assert cache.get("a") is None
    cache.put("a", 1, 1_060)
    clock.advance(59.9)
    assert cache.get("a") == 1
    clock.advance(0.1)
    assert cache.get("a") is None
    cache.put("a", 2, 1_120)
    assert cache.get("a") == 2


def test_oldest_values_are_dropped_first() -> None:
    cache: ExpiringCache[int, int] = ExpiringCache(2, FakeClock(0))
    for number in (1, 2, 1, 3):
        cache.put(number, number, 60)
    assert [cache.get(number) for number in (1, 2, 3)] == [1, None, 3]


def test_many_threads_can_use_the_cache() -> None:
    cache: ExpiringCache[int, int] = ExpiringCache(5, FakeClock(0))

    def use(number: int) -> bool:
        key = number % 17
        cache.put(key, key, 60)
        return cache.get(key) in (key, None)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(use, range(5_000)))
