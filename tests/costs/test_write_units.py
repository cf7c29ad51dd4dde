"""AWS's rules for write units: examples of the AWS documentation, and manually computed cases."""

from typing import Any

import pytest

from benchmarks.write_units import Index, Table, item_bytes, table_of, units, writes_in

PLAIN = Table(("id",), ())
ALL = Index(frozenset({"group", "id"}), None)
SOME = Index(frozenset({"group", "id"}), frozenset({"group", "id", "name"}))


def item(**attributes: str | int) -> dict[str, Any]:
    return {
        name: {"S": value} if isinstance(value, str) else {"N": str(value)}
        for name, value in attributes.items()
    }


@pytest.mark.parametrize(
    ("stored_item", "size"),
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
def test_item_size_is_the_sum_of_names_and_values(stored_item: Any, size: int) -> None:
    assert item_bytes(stored_item) == size


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
def test_write_units_are_the_kilobytes_of_the_larger_item(
    before: int | None, after: int | None, expected: int
) -> None:
    old, new = (None if size is None else item(id="x" * (size - 2)) for size in (before, after))
    assert units(PLAIN, old, new, transacted=False) == expected
    assert units(PLAIN, old, new, transacted=True) == 2 * expected


@pytest.mark.parametrize(
    ("before", "after", "units_of_all", "units_of_some"),
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
def test_index_write_units_depend_on_projected_changes(
    before: Any, after: Any, units_of_all: int, units_of_some: int
) -> None:
    for index, expected in ((ALL, units_of_all), (SOME, units_of_some)):
        table_units = units(Table(("id",), ()), before, after, transacted=True)
        total_units = units(Table(("id",), (index,)), before, after, transacted=True)
        assert total_units - table_units == expected


def test_table_is_built_from_its_description() -> None:
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


def test_every_write_operation_is_supported() -> None:
    tables = {"t": PLAIN}
    key, full_item = item(id="1"), item(id="1", name="n")

    def written(operation: str, parameters: Any) -> list[tuple[Any, bool]]:
        return [(write.key, write.transacted) for write in writes_in(operation, parameters, tables)]

    for operation, named in (
        ("PutItem", {"Item": full_item}),
        ("UpdateItem", {"Key": key}),
        ("DeleteItem", {"Key": key}),
    ):
        assert written(operation, {"TableName": "t", **named}) == [(key, False)]
    actions = [
        {"Put": {"TableName": "t", "Item": full_item}},
        {"Update": {"TableName": "t", "Key": key}},
        {"ConditionCheck": {"TableName": "t", "Key": key}},
    ]
    assert written("TransactWriteItems", {"TransactItems": actions}) == [(key, True)] * 3
    batch = {"t": [{"PutRequest": {"Item": full_item}}, {"DeleteRequest": {"Key": key}}]}
    assert written("BatchWriteItem", {"RequestItems": batch}) == [(key, False)] * 2
    assert written("Query", {"TableName": "t"}) == []
