"""Types commands, as an operator does."""

import json
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner, Result

from infra.admin.cli import admin
from infra.admin.desk import Desk
from tests.support.world import ZAGREB


@dataclass(frozen=True)
class Operator:
    desk: Desk

    def run(self, *arguments: object, typed: str | bytes | None = None) -> Result:
        """Run a command; ``typed`` is what is on stdin."""
        words = [str(it) for it in arguments]
        return CliRunner().invoke(admin, words, input=typed, obj=lambda: self.desk)

    def done(self, *arguments: object, typed: str | bytes | None = None) -> str:
        """What a command says on stdout that must succeed."""
        result = self.run(*arguments, typed=typed)
        assert result.exit_code == 0, result.output
        return result.stdout

    def refused(self, *arguments: object, typed: str | bytes | None = None) -> str:
        """What a command says on stderr that must be refused."""
        result = self.run(*arguments, typed=typed)
        assert result.exit_code == 1, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.stderr

    def json(self, *arguments: object, typed: str | bytes | None = None) -> Any:
        """The JSON that a command answers."""
        return json.loads(self.done(*arguments, "--json", typed=typed))

    def here(self, *arguments: object, typed: str | bytes | None = None) -> Any:
        """The JSON that a command answers, in Zagreb's organization."""
        return self.json(*arguments, "-o", ZAGREB.id, typed=typed)
