"""The command group, and the handler that turns an error into one line and an exit code."""

from functools import cache, partial
from typing import Any

import click

from infra.command_line import version
from tools.admin.context import open_context
from tools.admin.entries import entries
from tools.admin.organizations import organizations
from tools.admin.people import people
from tools.admin.report import report
from tools.admin.services import services
from tools.admin.tables import init
from tools.admin.tokens import tokens
from tools.error_messages import REPORTED_ERRORS, describe_error
from tools.stage import Selection


class Admin(click.Group):
    """Command group that prints an error in one line and exits with 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except REPORTED_ERRORS as error:
            raise click.ClickException(describe_error(error)) from error


@click.group(
    cls=Admin,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 success; 1 refused, failed or not confirmed; 2 wrong usage. Results go "
    "to stdout, all other output to stderr.",
)
@click.option(
    "--stage", help="A stage on AWS, as in `make deploy STAGE=prod`: tables stint-STAGE-*."
)
@click.option("--region", help="The AWS region. Default: AWS_REGION, or the profile's.")
@click.option("--profile", help="The AWS profile. Default: AWS_PROFILE.")
@click.option(
    "--endpoint",
    envvar="DYNAMODB_ENDPOINT",
    show_envvar=True,
    help="A DynamoDB-compatible server to use instead of AWS's.",
)
@click.version_option(version(), message="stint %(version)s")
@click.pass_context
def admin(
    context: click.Context,
    stage: str | None,
    region: str | None,
    profile: str | None,
    endpoint: str | None,
) -> None:
    """Administer organizations, people, services and tokens of a stage.

    Works on the stage's tables, with the rules of the API: what the API refuses is refused here
    too. Without --stage, it works on the tables of STINT_TABLE_PREFIX; the default is stint-local.

    \b
    The first steps of a new stage:
      .venv/bin/stint-admin --stage prod organizations create "Example Studio" \\
        --time-zone Europe/Zagreb \\
        --first-name Ana --last-name Horvat --email ana@example.com
      export STINT_ORGANIZATION=...      # the id in its output
      .venv/bin/stint-admin --stage prod services create --name Design
      .venv/bin/stint-admin --stage prod people import people.csv --dry-run

    \b
    On DynamoDB Local, which a local server shares (DYNAMODB_ENDPOINT, STINT_DEMO=0):
      export DYNAMODB_ENDPOINT=http://127.0.0.1:8001
      .venv/bin/stint-admin init
    """
    # Tests pass their own context object.
    if context.obj is None:
        context.obj = cache(partial(open_context, Selection(stage, region, profile, endpoint)))


def main() -> None:
    """Run the installed command ``stint-admin``."""
    admin(prog_name="stint-admin")


for _command in (init, organizations, people, services, tokens, entries, report):
    admin.add_command(_command)
