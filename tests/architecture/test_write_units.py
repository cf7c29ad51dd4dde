"""AWS's rules for write units, by the examples of its own pages and by hand."""

from typing import Any

import pytest

from bench.write_units import Index, Table, item_bytes, table_of, units, writes_in

PLAIN = Table(("id",), ())
ALL = Index(frozenset({"group", "id"}), None)
SOME = Index(frozenset({"group", "id"}), frozenset({"group", "id", "name"}))


def item(**attributes: str | int) -> dict[str, Any]:
    return {
        name: {"S": value} if isinstance(value, str) else {"N": str(value)}
        for name, value in attributes.items()
    }


@pytest.mark.parametrize(
    ("held", "size"),
    [
        (item(id="abc"), 5),
        ({"é": {"S": "é"}}, 4),
        (item(n=12), 3),
        (item(n=-123), 5),
        (item(n=1_000), 3),
        ({"b": {"BOOL": True}, "n": {"NULL": True}}, 4),
        ({"l": {"L": [{"S": "ab"}, {"N": "1"}]}}, 1 + 3 + 3 + 3),
        ({"m": {"M": {"a": {"S": "b"}}}}, 1 + 3 + 1 + 2),
        ({"s": {"SS": ["ab", "c"]}}, 1 + 3),
        ({"b": {"B": b"abc"}}, 4),
        (None, 0),
    ],
)
def test_an_item_is_as_large_as_its_names_and_values(held: Any, size: int) -> None:
    assert item_bytes(held) == size


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, 100, 1),
        (None, 1024, 1),
        (None, 1025, 2),
        (3000, 100, 3),
        (100, 3000, 3),
        (2048, None, 2),
        (None, None, 1),
    ],
)
def test_a_write_takes_a_unit_for_each_kilobyte_of_the_larger(
    before: int | None, after: int | None, expected: int
) -> None:
    old, new = (None if it is None else item(id="x" * (it - 2)) for it in (before, after))
    assert units(PLAIN, old, new, transacted=False) == expected
    assert units(PLAIN, old, new, transacted=True) == 2 * expected


@pytest.mark.parametrize(
    ("before", "after", "of_all", "of_some"),
    [
        (None, item(id="1", group="a"), 1, 1),
        (None, item(id="1"), 0, 0),
        (item(id="1"), item(id="1", group="a"), 1, 1),
        (item(id="1", group="a"), None, 1, 1),
        (item(id="1", group="a"), item(id="1", group="b"), 2, 2),
        (item(id="1", group="a"), item(id="1", group="a", name="n"), 1, 1),
        (item(id="1", group="a"), item(id="1", group="a", size=1), 1, 0),
        (item(id="1", group="a"), item(id="1", group="a"), 0, 0),
        (None, item(id="1", group="a", size="x" * 5_000), 5, 1),
    ],
)
def test_each_index_takes_what_changes_in_it(
    before: Any, after: Any, of_all: int, of_some: int
) -> None:
    for index, expected in ((ALL, of_all), (SOME, of_some)):
        alone = units(Table(("id",), ()), before, after, transacted=True)
        both = units(Table(("id",), (index,)), before, after, transacted=True)
        assert both - alone == expected


def test_a_table_is_read_off_its_description() -> None:
    keys = [{"AttributeName": "id", "KeyType": "HASH"}]
    of_index = [{"AttributeName": "group", "KeyType": "HASH"}]
    description = {
        "KeySchema": keys,
        "GlobalSecondaryIndexes": [
            {"KeySchema": of_index, "Projection": {"ProjectionType": "ALL"}},
            {"KeySchema": of_index, "Projection": {"ProjectionType": "KEYS_ONLY"}},
            {
                "KeySchema": of_index,
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["name"]},
            },
        ],
    }
    group = frozenset({"group"})
    assert table_of(description) == Table(
        ("id",), (Index(group, None), Index(group, group | {"id"}), Index(group, SOME.projected))
    )


def test_every_operation_that_writes_is_known() -> None:
    tables = {"t": PLAIN}
    key, whole = item(id="1"), item(id="1", name="n")

    def written(operation: str, parameters: Any) -> list[tuple[Any, bool]]:
        return [(it.key, it.transacted) for it in writes_in(operation, parameters, tables)]

    for operation, named in (
        ("PutItem", {"Item": whole}),
        ("UpdateItem", {"Key": key}),
        ("DeleteItem", {"Key": key}),
    ):
        assert written(operation, {"TableName": "t", **named}) == [(key, False)]
    acts = [
        {"Put": {"TableName": "t", "Item": whole}},
        {"Update": {"TableName": "t", "Key": key}},
        {"ConditionCheck": {"TableName": "t", "Key": key}},
    ]
    assert written("TransactWriteItems", {"TransactItems": acts}) == [(key, True)] * 3
    batch = {"t": [{"PutRequest": {"Item": whole}}, {"DeleteRequest": {"Key": key}}]}
    assert written("BatchWriteItem", {"RequestItems": batch}) == [(key, False)] * 2
    assert written("Query", {"TableName": "t"}) == []
