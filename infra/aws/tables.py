"""Gives the tables that exist what the template says, before and after a deployment."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infra.aws.errors import Interrupted, StackError
from infra.aws.table_comparison import (
    Difference,
    Json,
    Obstacle,
    Step,
    Surplus,
    differences,
    read_table,
)

TABLE = "AWS::DynamoDB::Table"
_SLEEP_SECONDS = 5.0
_NEW_STREAM = (
    "A new stream needs a new stack: `make destroy` retains the tables, then `make deploy`."
)
_CHANGING = frozenset({"CREATING", "UPDATING"})


def index_conflicts(before: Mapping[str, Json], after: Mapping[str, Json]) -> list[str]:
    """Describe the tables whose update CloudFormation would refuse.

    An update can create or delete only one index per table. ``before`` and ``after`` are the
    properties of tables, by logical id, in the stack's current template and in its next one.
    """
    conflicts = []
    for logical_id in before.keys() & after.keys():
        existing, planned = _index_names(before[logical_id]), _index_names(after[logical_id])
        if len(existing ^ planned) > 1:
            steps = [
                *(f"+{name}" for name in planned - existing),
                *(f"-{name}" for name in existing - planned),
            ]
            conflicts.append(f"{after[logical_id]['TableName']}: {', '.join(sorted(steps))}")
    return sorted(conflicts)


def table_properties(template: Json) -> dict[str, Json]:
    """Return the properties of a template's tables, by logical id."""
    return {
        logical_id: resource["Properties"]
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == TABLE
    }


class Tables:
    """The tables of a stage. ``say`` prints progress; ``pause`` sleeps for a number of seconds."""

    def __init__(
        self, database: Any, say: Callable[[str], None], pause: Callable[[float], None]
    ) -> None:
        self.changed = False
        """Whether a table lacked something that was added."""
        self._database = database
        self._say = say
        self._pause = pause

    def complete(self, planned: Mapping[str, Json], *, in_stack: bool = False) -> list[str]:
        """Add what existing tables lack; return the names of the tables that exist.

        :param planned: the properties that each table must have, by its name.
        :param in_stack: the tables belong to the stack, and its functions read their streams.

        Raises StackError, before it changes anything, if a table cannot become as planned.
        """
        found = self._compare(planned)
        obstacles = [
            f"  {name}: {one.text}."
            for name, one in _flat(found)
            if isinstance(one, Obstacle) or (in_stack and _is_stream(one))
        ]
        if obstacles:
            lines = ["These tables do not fit. Nothing was changed.", *obstacles]
            raise StackError("\n".join(lines + ([_NEW_STREAM] if in_stack else [])))
        for name, one in _flat(found):
            if isinstance(one, Step):
                self._apply(name, one)
            elif isinstance(one, Surplus):
                self._say(f"  note: {name}: {one.text}")
        return list(found)

    def verify(self, planned: Mapping[str, Json]) -> None:
        """Raise StackError unless all tables exist and lack nothing."""
        found = self._compare(planned)
        lacking = [f"  {name}: it does not exist." for name in planned if name not in found]
        lacking += [
            f"  {name}: {one.text}." for name, one in _flat(found) if not isinstance(one, Surplus)
        ]
        if lacking:
            raise StackError(
                "\n".join(["The stack is deployed, but its tables are not complete:", *lacking])
                + "\nRestore a table that does not exist from its backup (docs/operations.md), "
                "then run the same command again."
            )

    def _compare(self, planned: Mapping[str, Json]) -> dict[str, list[Difference]]:
        found = {}
        for name, properties in planned.items():
            if self._wait(name):
                table = read_table(self._database, name)
                found[name] = differences(table, properties)
        return found

    def _apply(self, name: str, step: Step) -> None:
        self._say(f"  {name}: {step.text} ...")
        try:
            getattr(self._database, step.operation)(**step.arguments)
            self.changed = True
            self._wait(name)
        except KeyboardInterrupt as interrupt:
            raise Interrupted(
                f"Interrupted. DynamoDB continues with this: {name}: {step.text}."
            ) from interrupt

    def _wait(self, name: str) -> bool:
        """Wait until a table and its indexes are active; return False if it does not exist."""
        while True:
            try:
                table = self._database.describe_table(TableName=name)["Table"]
            except self._database.exceptions.ResourceNotFoundException:
                return False
            statuses = {index["IndexStatus"] for index in table.get("GlobalSecondaryIndexes", [])}
            if {table["TableStatus"]} | statuses == {"ACTIVE"}:
                return True
            if table["TableStatus"] not in {"ACTIVE", *_CHANGING}:
                raise StackError(
                    f"the table {name} is in state {table['TableStatus']}. Wait until it is "
                    "deleted or active again, then run the same command again."
                )
            self._pause(_SLEEP_SECONDS)


def _flat(found: Mapping[str, list[Difference]]) -> Iterator[tuple[str, Difference]]:
    return ((name, one) for name, several in found.items() for one in several)


def _is_stream(difference: Difference) -> bool:
    return isinstance(difference, Step) and "StreamSpecification" in difference.arguments


def _index_names(properties: Json) -> set[str]:
    return {index["IndexName"] for index in properties.get("GlobalSecondaryIndexes", [])}
