"""Commands to operate a stage: ``python -m tools.ops --help``.

They work on the tables that the environment selects (STINT_TABLE_PREFIX, AWS_REGION,
DYNAMODB_ENDPOINT). The local server's in-memory tables cannot be reached. Not deployed to Lambda.
"""
