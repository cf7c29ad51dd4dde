"""Entry point of the operations commands: ``python -m tools.ops``, or ``stint-ops``."""

import argparse
import sys
from collections.abc import Sequence
from typing import Protocol

from tools.ops import auto_stop, check_invariants, rebuild_counters, replay, upgrade


class Command(Protocol):
    """A module with a command; ``SUMMARY`` is its line in the list of commands."""

    SUMMARY: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options, and with ``set_defaults`` the function ``run`` of the command.

        ``run`` gets the parsed options and returns the exit code.
        """


COMMANDS: dict[str, Command] = {
    "auto-stop": auto_stop,
    "check-invariants": check_invariants,
    "rebuild-counters": rebuild_counters,
    "replay": replay,
    "upgrade": upgrade,
}


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command, by default that of the command line; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="stint-ops",
        description="Operate a stage. Select its tables with STINT_TABLE_PREFIX and AWS_REGION.",
        epilog="Exit codes: 0 success; 1 failed, or something is left to do; 2 wrong usage.",
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=command.SUMMARY, description=command.SUMMARY)
        command.add_arguments(subparser)
    options = parser.parse_args(arguments)
    exit_code: int = options.run(options)
    return exit_code


def main() -> None:
    """Run the command of the command line, and exit with its exit code."""
    sys.exit(run())


if __name__ == "__main__":
    main()
