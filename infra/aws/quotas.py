"""Quotas of the account that are too small for a stage."""

from typing import Any

from botocore.exceptions import ClientError

from infra.aws.errors import explain

_ENOUGH = 100
"""Functions at the same time: for peaks of requests, deliveries, and other applications."""

_ASK_FOR = 1_000
_QUOTA = "L-B99A9384"
"""Service Quotas' code of "Concurrent executions" of Lambda."""


def concurrency_advice(lambda_client: Any, region: str) -> str | None:
    """Return what to ask AWS for if Lambda runs too few functions at a time, or None."""
    try:
        limit = lambda_client.get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    except ClientError as error:
        # It is only advice: a deployment does not depend on it.
        return f"  note: the quota of Lambda's concurrent executions is unknown. {explain(error)}"
    if limit >= _ENOUGH:
        return None
    return (
        f"  note: Lambda runs at most {limit} functions at the same time in this account and "
        f"region.\n  More requests at the same time fail with a 5xx. Ask AWS for {_ASK_FOR:,}; "
        "it takes some days:\n"
        f"    aws service-quotas request-service-quota-increase --region {region} "
        f"--service-code lambda \\\n      --quota-code {_QUOTA} --desired-value {_ASK_FOR}"
    )
