"""``init``: create the tables on a local engine."""

import click

from tools.admin.context import AdminContext
from tools.admin.options import with_context
from tools.admin.output import line, say
from tools.tables import create_tables


@click.command()
@with_context
def init(context: AdminContext) -> None:
    """Create missing tables on a DynamoDB-compatible server; existing tables stay unchanged.

    Not on AWS: there, CloudFormation creates them (make deploy STAGE=...).

    \b
    Example:
      .venv/bin/stint-admin --endpoint http://127.0.0.1:8001 init
    """
    if context.on_aws:
        raise click.ClickException(
            "on AWS, CloudFormation creates the tables: make deploy STAGE=... (docs/operations.md)"
        )
    created = create_tables()
    for name in created:
        line(name)
    say(f"{len(created)} tables created" if created else "all tables exist already")
