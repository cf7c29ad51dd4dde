"""The command ``stint``."""

import click
from click.shell_completion import get_completion_class

from stint_client import __version__
from stint_client.cli.login import login, logout
from stint_client.cli.reading import log, report, services
from stint_client.cli.state import PATIENCE_SECONDS, Commands, State, pass_state
from stint_client.cli.tracking import start, status, stop


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="stint")
@click.option(
    "--patience",
    type=click.FloatRange(0, 600),
    default=PATIENCE_SECONDS,
    show_default=True,
    envvar="STINT_PATIENCE",
    help="Seconds to try again if the server does not answer.",
)
@pass_state
def stint(state: State, patience: float) -> None:
    """Track your time on a stint server.

    Exit codes: 0 done; 1 refused; 2 wrong command line; 3 not logged in; 4 no answer, so
    the outcome may be unknown.
    """
    state.patience = patience


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash: stint completion bash > ~/.local/share/bash-completion/completions/stint
    zsh:  stint completion zsh > ~/.zfunc/_stint     (~/.zfunc in $fpath)
    fish: stint completion fish > ~/.config/fish/completions/stint.fish
    """
    script = get_completion_class(shell)
    assert script is not None  # noqa: S101 - click has these three
    click.echo(script(stint, {}, "stint", "_STINT_COMPLETE").source())


for _command in (login, logout, start, stop, status, log, report, services, completion):
    stint.add_command(_command)
