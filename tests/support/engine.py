"""The DynamoDB engine of the tests."""

import os

ENDPOINT = os.environ.get("DYNAMODB_ENDPOINT") or None
"""The URL of a DynamoDB-compatible server. None means moto in this process."""
