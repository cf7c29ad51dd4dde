"""Which engine the tests run on."""

import os

ENDPOINT = os.environ.get("DYNAMODB_ENDPOINT")
"""A DynamoDB-compatible server; None means moto, in this process."""
