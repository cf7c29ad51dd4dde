"""One-time setup of an AWS account, shared by all stages: a bucket, and API Gateway logging."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.aws.session import Aws
from infra.package import digest

GATEWAY_ROLE = "stint-api-gateway-logs"
_LOG_POLICY = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
# A new role becomes visible to other services only after some seconds.
_ATTEMPTS = 10
_SLEEP_SECONDS = 5.0


def bucket_name(aws: Aws) -> str:
    """Return the name of the bucket for stint's packages, in this account and region."""
    return f"stint-artifacts-{aws.account}-{aws.region}"


def prepare_bucket(aws: Aws) -> str:
    """Create the bucket for packages if it does not exist, block public access, return its name."""
    name = bucket_name(aws)
    s3 = aws.client("s3")
    owned = {"Bucket": name, "ExpectedBucketOwner": aws.account}
    try:
        s3.head_bucket(**owned)
    except ClientError as error:
        if error.response["Error"]["Code"] != "404":
            raise
        location = {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
        # S3 rejects us-east-1, its default region, as a location constraint.
        s3.create_bucket(Bucket=name, **({} if aws.region == "us-east-1" else location))
    s3.put_public_access_block(
        **owned,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    return name


def upload(aws: Aws, bucket: str, path: Path) -> str:
    """Upload a file, unless the bucket has it; return its key, a hash of the content."""
    key = f"{digest(path)}{path.suffix}"
    s3 = aws.client("s3")
    owned = {"Bucket": bucket, "Key": key, "ExpectedBucketOwner": aws.account}
    try:
        s3.head_object(**owned)
    except ClientError as error:
        if error.response["Error"]["Code"] != "404":
            raise
        s3.put_object(**owned, Body=path.read_bytes())
    return key


def allow_gateway_logs(aws: Aws, pause: Callable[[float], None] = time.sleep) -> bool:
    """Allow API Gateway to write access logs; return False if it already may, with any role.

    This is a setting of the whole account in a region. It is not part of a stage's stack, because
    deleting that stack would remove it for all stages. ``pause`` sleeps for a number of seconds.
    """
    gateway = aws.client("apigateway")
    if gateway.get_account().get("cloudwatchRoleArn"):
        return False
    role = _gateway_role(aws)
    change = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
    for attempt in range(_ATTEMPTS):
        try:
            gateway.update_account(patchOperations=[change])
        except gateway.exceptions.BadRequestException:
            if attempt == _ATTEMPTS - 1:
                raise
            pause(_SLEEP_SECONDS)
        else:
            break
    return True


def _gateway_role(aws: Aws) -> str:
    iam = aws.client("iam")
    try:
        role: dict[str, Any] = iam.get_role(RoleName=GATEWAY_ROLE)["Role"]
    except iam.exceptions.NoSuchEntityException:
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "apigateway.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        role = iam.create_role(
            RoleName=GATEWAY_ROLE,
            AssumeRolePolicyDocument=json.dumps(trust),
            Description="Lets API Gateway write logs, for all APIs of this account",
        )["Role"]
    iam.attach_role_policy(
        RoleName=GATEWAY_ROLE, PolicyArn=f"arn:{aws.partition}:iam::aws:policy/{_LOG_POLICY}"
    )
    arn: str = role["Arn"]
    return arn
