"""Run commands of the admin CLI, as an operator does."""

import json
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner, Result

from tests.support.fixtures import ZAGREB
from tools.admin.cli import admin
from tools.admin.context import AdminContext


@dataclass(frozen=True)
class Operator:
    context: AdminContext

    def run(self, *arguments: object, typed: str | bytes | None = None) -> Result:
        """Run a command; ``typed`` is its stdin."""
        words = [str(argument) for argument in arguments]
        return CliRunner().invoke(admin, words, input=typed, obj=lambda: self.context)

    def done(self, *arguments: object, typed: str | bytes | None = None) -> str:
        """Run a command that must succeed; return its stdout."""
        result = self.run(*arguments, typed=typed)
        assert result.exit_code == 0, result.output
        return result.stdout

    def refused(self, *arguments: object, typed: str | bytes | None = None) -> str:
        """Run a command that must be refused; return its stderr."""
        result = self.run(*arguments, typed=typed)
        assert result.exit_code == 1, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.stderr

    def json(self, *arguments: object, typed: str | bytes | None = None) -> Any:
        """Run a command with ``--json``; return the parsed output."""
        return json.loads(self.done(*arguments, "--json", typed=typed))

    def here(self, *arguments: object, typed: str | bytes | None = None) -> Any:
        """Run a command with ``--json`` in the Zagreb organization; return the parsed output."""
        return self.json(*arguments, "-o", ZAGREB.id, typed=typed)
