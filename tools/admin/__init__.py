"""Command line to administer a stage: ``.venv/bin/stint-admin --help``.

The commands work on the tables directly, with the services, decisions and transactions of the
API: a change that the API refuses is refused here too. Not deployed to Lambda.
"""
