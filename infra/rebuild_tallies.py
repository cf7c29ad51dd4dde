"""Makes the tallies anew, from timers and time entries up: ``make rebuild-tallies``.

Safe while traffic runs. Works on the tables that the environment names (STINT_TABLE_PREFIX,
AWS_REGION, DYNAMODB_ENDPOINT).
The local server in memory cannot be reached from here. Nothing is emptied on the way: what is right
is left alone, and what is wrong is written anew only if it still is as it was read.
"""

import argparse
import os
import sys

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException

from chalicelib.domain.errors import StintError
from chalicelib.services.toolbox import Toolbox, real_toolbox
from chalicelib.settings import read_settings
from chalicelib.store.connection import connect
from chalicelib.store.store import Store
from infra.check_invariants import find_violations
from infra.environment import allow_any_credentials
from infra.ledger import Ledger, repair_tallies
from infra.rollups import rebuild


def rebuild_all(connection: Connection, tools: Toolbox) -> int:
    """What acts count, from what they made; then all above it. 1 where a run is not enough."""
    missed = 0
    for books, violations in find_violations(Ledger(connection), tools.pause).values():
        if any(violation.what.startswith("tally of ") for violation in violations):
            try:
                repair_tallies(books)
            except PynamoDBException as error:
                if error.cause_response_code != "ConditionalCheckFailedException":
                    raise
                missed += 1
    done = rebuild(connection, tools)
    for line in done.wrong:
        print(f"mended {line}")
    left = missed + len(done.behind)
    print(f"tallies are as the timers make them; {left} people or days to be done again")
    return 1 if left else 0


def main(arguments: list[str]) -> int:
    """Rebuild. Exit code 1 where somebody worked too busily: run it again."""
    argparse.ArgumentParser(description="Make the tallies anew, from the timers up.").parse_args(
        arguments
    )
    settings = read_settings(os.environ)
    allow_any_credentials(settings)
    connection = connect(settings)
    try:
        return rebuild_all(connection, real_toolbox(Store(connection)))
    except (StintError, PynamoDBException, BotoCoreError, ClientError) as error:
        sys.exit(f"Cannot rebuild {settings.table_prefix}-*: {error}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
