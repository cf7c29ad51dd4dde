"""moto without the work that no caller sees.

For each Query, moto sorts all items of a table: with the tables of a year that takes a second. It
converts each item of an index once per attribute, and asks at each node of an expression which
nodes a visitor processes. For each request it lists the methods of a class, and splits the texts
of expressions, which are always the same ones; it tries several names for each part of a response.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, lru_cache
from typing import Any
from unittest.mock import patch

from moto.core import responses
from moto.core.serialize import AttributePicker, AttributePickerContext
from moto.core.utils import method_names_from_class
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing import ast_nodes
from moto.dynamodb.parsing.tokens import ExpressionTokenizer, Token

_AST: Any = ast_nodes  # a module without types

_INDEX_POSITION = 6
"""Where DynamoDBBackend.query passes the name of the index, after the hash key."""


@contextmanager
def fast_moto() -> Iterator[None]:
    """Let moto read, convert and visit only what a request needs, until the context ends."""
    with ExitStack() as stack:
        for type_, name, replacement in (
            (Table, "query", _partition_query()),
            (Item, "project", _projection()),
            (AttributePicker, "__call__", _picker()),
            (ExpressionTokenizer, "make_list", _tokenizer()),
            (responses, "method_names_from_class", _method_names),
            (_AST.DepthFirstTraverser, "traverse_node_recursively", _traverse),
        ):
            stack.enter_context(patch.object(type_, name, replacement))
        yield


def _partition_query() -> Any:
    """Return Table.query, which sorts only the items of the queried partition."""
    query = Table.query

    def query_partition(
        table: Table, hash_key: DynamoType | None, *options: Any, **more: Any
    ) -> Any:
        index = options[_INDEX_POSITION]
        conditions = more.get("hash_key_conditions") or ()
        items = _partition(table, hash_key) if index is None else _matching(table, conditions)
        # For this table object, instead of the method of the class. moto sorts them itself.
        table.__dict__["all_items"] = lambda: items
        try:
            return query(table, hash_key, *options, **more)
        finally:
            del table.__dict__["all_items"]

    return query_partition


def _partition(table: Table, hash_key: DynamoType | None) -> list[Item]:
    partition: Any = table.items.get(hash_key)
    if partition is None:
        return []
    return [partition] if table.range_key_attr is None else list(partition.values())


def _matching(table: Table, conditions: Any) -> list[Item]:
    items: Any = table.items.values()
    if table.range_key_attr is not None:
        items = (item for partition in items for item in partition.values())
    for name, value in conditions:
        items = [item for item in items if _is(item.attrs.get(name), value)]
    return list(items)


def _is(value: DynamoType | None, wanted: DynamoType) -> bool:
    if value is None or value.type != wanted.type:
        return False
    # Numbers have several texts.
    return value.value == wanted.value if value.type == "S" else value == wanted


def _projection() -> Any:
    """Return Item.project, which takes whole attributes as they are."""
    project_paths = Item.project

    def project(item: Item, paths: list[list[str]]) -> Item:
        if any(len(path) > 1 for path in paths):
            return project_paths(item, paths)
        projected = Item(item.hash_key, item.range_key, attrs={})
        for (name,) in paths:
            if name in item.attrs:
                # Without the check of the size, which the whole item has passed.
                dict.__setitem__(projected.attrs, name, item.attrs[name])
        return projected

    return project


def _picker() -> Any:
    """Return AttributePicker.__call__, which takes the member of a dictionary that has its name."""
    pick_by_aliases = AttributePicker.__call__

    def pick(picker: AttributePicker, context: AttributePickerContext) -> Any:
        members = context.obj
        if type(members) is dict and not picker.response_transformers and context.key in members:
            return members[context.key]
        return pick_by_aliases(picker, context)

    return pick


def _tokenizer() -> Any:
    """Return ExpressionTokenizer.make_list, which remembers the last texts."""
    make_list = ExpressionTokenizer.make_list

    @lru_cache(maxsize=1_000)
    def tokens_of(text: str) -> tuple[Token, ...]:
        return tuple(make_list(text))

    return lambda text: list(tokens_of(text))


_method_names = cache(method_names_from_class)


def _traverse(traverser: Any, node: Any, child_id: int = -1) -> Any:
    """Visit the children of a node and then the node, as moto does."""
    if not _is_node(node.__class__):
        return node
    parent = node.parent
    for position, child in enumerate(node.children or ()):
        traverser.pre_processing_of_child(node, position)
        _traverse(traverser, child, position)
    if not _is_processed(traverser, type(node)):
        return node
    processed = traverser.process(node)
    processed.parent = parent
    if parent:
        parent.children[child_id] = processed
    return processed


@cache
def _is_node(type_: type) -> bool:
    return issubclass(type_, _AST.Node)


_processed: dict[tuple[type, type], bool] = {}


def _is_processed(traverser: Any, node_type: type) -> bool:
    """Say whether a traverser processes nodes of a type. Its class decides."""
    key = type(traverser), node_type
    if key not in _processed:
        _processed[key] = issubclass(node_type, traverser.nodes_to_be_processed())
    return _processed[key]
