"""Entry point of the operations commands: ``python -m tools.ops``, or ``stint-ops``."""

import argparse
import signal
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import Protocol

from chalicelib.core.validation import escape_control_characters
from infra.aws.credentials import CredentialsError
from infra.command_line import new_parser
from tools.environment import EscapedOutput
from tools.ops import auto_stop, check_invariants, rebuild_counters, replay, upgrade
from tools.ops.stage_options import STAGE_OPTIONS
from tools.stage import SelectionError

# As shells report the end of a command after Ctrl-C.
_INTERRUPTED = 130


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


def command_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands and their options."""
    parser = new_parser(
        "stint-ops",
        "Operate a stage: stint-ops upgrade --stage prod",
        parents=[STAGE_OPTIONS],
        epilog="Exit codes: 0 success; 1 failed, or something is left to do; 2 wrong usage.",
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(
            name, help=command.SUMMARY, description=command.SUMMARY, parents=[STAGE_OPTIONS]
        )
        command.add_arguments(subparser)
    return parser


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command, by default that of the command line; return its exit code."""
    parser = command_parser()
    options = parser.parse_args(arguments)
    # What people wrote is also in what these commands print.
    output, errors = EscapedOutput(sys.stdout), EscapedOutput(sys.stderr)
    with redirect_stdout(output), redirect_stderr(errors):
        return _run_command(parser, options)


def _run_command(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    try:
        exit_code: int = options.run(options)
    except SelectionError as error:
        parser.error(str(error))
    except CredentialsError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return _INTERRUPTED
    except SystemExit as error:
        if isinstance(error.code, str):
            error.code = escape_control_characters(error.code, keep="\n")
        raise
    return exit_code


def main() -> None:
    """Run the command of the command line, and exit with its exit code."""
    # A command that is ended has the same chance to clean up as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run())


if __name__ == "__main__":
    main()
