"""PynamoDB's private API: the adapter's uses of it work, and no other file uses it.

A new version of PynamoDB may change a private name without notice: then these tests fail first.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pynamodb
import pytest
from botocore.client import BaseClient
from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.connection.table import TableConnection
from pynamodb.constants import PAY_PER_REQUEST_BILLING_MODE
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from chalicelib.dynamodb.pynamodb_adapter import (
    connection_of,
    hash_key_attribute,
    key_attributes,
    share_connection,
    table_schema,
    ttl_attribute,
)

ROOT = Path(__file__).parents[2]
ADAPTER = ROOT / "chalicelib" / "dynamodb" / "pynamodb_adapter.py"
# Private names of the emulator, one of which PynamoDB also has.
SHIMS = ROOT / "tests" / "emulator" / "shims.py"
FOLDERS = ("chalicelib", "infra", "tools", "benchmarks", "tests")
PINNED = {
    "_connection",
    "_get_connection",
    "_get_schema",
    "_hash_key_attribute",
    "_range_key_attribute",
    "_tables",
    "_ttl_attribute",
}
REGION = "eu-central-1"


class ByOwner(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_owner"
        projection = AllProjection()

    owner = UnicodeAttribute(hash_key=True)


class Document(Model):
    class Meta:
        table_name = "documents"
        region = REGION
        billing_mode = PAY_PER_REQUEST_BILLING_MODE

    folder = UnicodeAttribute(hash_key=True)
    number = NumberAttribute(range_key=True)
    owner = UnicodeAttribute()
    expires_at = TTLAttribute()
    by_owner = ByOwner()


class Folder(Model):
    class Meta:
        table_name = "folders"
        region = REGION
        billing_mode = PAY_PER_REQUEST_BILLING_MODE

    name = UnicodeAttribute(hash_key=True)


def test_model_creates_a_connection_again_after_a_reset() -> None:
    first = Document._get_connection()
    assert isinstance(first, TableConnection)
    assert Document._get_connection() is Document._connection is first
    Document._connection = None
    second = Document._get_connection()
    assert second is not first
    assert second.table_name == "documents"
    assert isinstance(second.connection, Connection)


def test_connection_refuses_a_table_that_it_already_has() -> None:
    table = Document._get_connection().get_meta_table()
    connection = Connection(region=REGION)
    assert connection._tables == {}
    connection.add_meta_table(table)
    assert connection._tables == {"documents": table}
    with pytest.raises(ValueError, match="documents"):
        connection.add_meta_table(table)


def test_models_share_the_last_connection() -> None:
    connections = [Connection(region=REGION) for _ in range(2)]
    for connection in connections:
        # Twice: connecting again to the same tables is allowed.
        for model in (Document, Folder, Document, Folder):
            share_connection(model, connection)
        assert connection_of(Document) is connection_of(Folder) is connection
        assert connection.get_meta_table("documents").hash_keyname == "folder"
        assert connection.get_meta_table("folders").hash_keyname == "name"


def test_hash_key_attribute_is_the_attribute_of_the_partition_key() -> None:
    assert hash_key_attribute(Document) is Document.folder
    assert hash_key_attribute(Folder) is Folder.name


def test_key_attributes_are_those_of_the_partition_key_and_the_sort_key() -> None:
    assert key_attributes(Document) == (Document.folder, Document.number)
    assert key_attributes(Folder) == (Folder.name,)


def test_ttl_attribute_is_none_without_a_time_to_live() -> None:
    assert ttl_attribute(Document) is Document.expires_at
    assert ttl_attribute(Folder) is None


def test_table_schema_has_keys_attributes_and_indexes() -> None:
    assert table_schema(Document) == {
        "key_schema": [
            {"AttributeName": "folder", "KeyType": "HASH"},
            {"AttributeName": "number", "KeyType": "RANGE"},
        ],
        "attribute_definitions": [
            {"AttributeName": "folder", "AttributeType": "S"},
            {"AttributeName": "number", "AttributeType": "N"},
            {"AttributeName": "owner", "AttributeType": "S"},
        ],
        "global_secondary_indexes": [
            {
                "index_name": "by_owner",
                "attribute_definitions": [{"AttributeName": "owner", "AttributeType": "S"}],
                "key_schema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                "projection": {"ProjectionType": "ALL"},
                "provisioned_throughput": {},
            }
        ],
        "local_secondary_indexes": [],
    }


def test_adapter_uses_exactly_the_pinned_names() -> None:
    assert {name for _, name in private_uses(ADAPTER)} == PINNED


def test_only_the_adapter_uses_private_names_of_pynamodb() -> None:
    assert [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path not in (ADAPTER, SHIMS, Path(__file__))
        for line, name in private_uses(path)
    ] == []


def private_uses(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of each use of a private name of PynamoDB in a file.

    ``self`` and ``cls`` may have an attribute of the same name, if the file itself defines it.
    """
    nodes = list(ast.walk(ast.parse(path.read_text())))
    own = {name for node in nodes for name in _defined(node)}
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name) if name in own:
                pass
            case ast.Attribute(attr=name) | ast.Constant(value=str(name)):
                # A text may be an argument of getattr or of monkeypatch.setattr.
                if name in _private_names():
                    yield node.lineno, name
            case ast.ImportFrom(module=str(module), names=names):
                if module.partition(".")[0] == "pynamodb":
                    parts = [*module.split("."), *(alias.name for alias in names)]
                    yield from ((node.lineno, part) for part in parts if _is_private(part))


@cache
def _private_names() -> frozenset[str]:
    """The private names that PynamoDB defines; without those that an AWS client has too."""
    return frozenset(
        name
        for path in Path(pynamodb.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _defined(node)
        if _is_private(name) and not hasattr(BaseClient, name)
    )


def _defined(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Attribute(attr=name, ctx=ast.Store()) | ast.Name(id=name, ctx=ast.Store()):
            yield name


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"
