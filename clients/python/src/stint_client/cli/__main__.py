"""Run the command line: ``stint``, or ``python -m stint_client.cli``."""

from stint_client.cli.commands import stint


def main() -> None:
    """Run the command of the arguments, and exit."""
    stint(prog_name="stint")


if __name__ == "__main__":
    main()
