"""What an account needs once, whatever the number of stages: a bucket, and leave to log."""

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
# A new role is known everywhere only after some seconds.
_ATTEMPTS = 10
_PAUSE_SECONDS = 5.0


def bucket_name(aws: Aws) -> str:
    """Where this account keeps stint's packages, in this region."""
    return f"stint-artifacts-{aws.account}-{aws.region}"


def prepare_bucket(aws: Aws) -> str:
    """The bucket of packages, made if it is not there; private in any case."""
    name = bucket_name(aws)
    storage = aws.client("s3")
    owned = {"Bucket": name, "ExpectedBucketOwner": aws.account}
    try:
        storage.head_bucket(**owned)
    except ClientError as error:
        if error.response["Error"]["Code"] != "404":
            raise
        where = {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
        # The oldest region is the one that must not be named.
        storage.create_bucket(Bucket=name, **({} if aws.region == "us-east-1" else where))
    storage.put_public_access_block(
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
    """A file's key in the bucket: named for its content, and sent only if it is not there."""
    key = f"{digest(path)}{path.suffix}"
    storage = aws.client("s3")
    owned = {"Bucket": bucket, "Key": key, "ExpectedBucketOwner": aws.account}
    try:
        storage.head_object(**owned)
    except ClientError as error:
        if error.response["Error"]["Code"] != "404":
            raise
        storage.put_object(**owned, Body=path.read_bytes())
    return key


def kept_secret(aws: Aws, name: str) -> str | None:
    """The ARN of a secret that outlived an earlier stack; None where there is none."""
    keeper = aws.client("secretsmanager")
    try:
        found: str = keeper.describe_secret(SecretId=name)["ARN"]
    except keeper.exceptions.ResourceNotFoundException:
        return None
    return found


def let_gateway_log(aws: Aws, pause: Callable[[float], None] = time.sleep) -> bool:
    """Let API Gateway write access logs; False where it may already, by whatever role.

    A setting of the whole account in this region: not part of a stage's stack, which would take it
    from all others when it goes.
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
            pause(_PAUSE_SECONDS)
        else:
            break
    return True


def _gateway_role(aws: Aws) -> str:
    roles = aws.client("iam")
    try:
        role: dict[str, Any] = roles.get_role(RoleName=GATEWAY_ROLE)["Role"]
    except roles.exceptions.NoSuchEntityException:
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
        role = roles.create_role(
            RoleName=GATEWAY_ROLE,
            AssumeRolePolicyDocument=json.dumps(trust),
            Description="Lets API Gateway write logs, for all APIs of this account",
        )["Role"]
    roles.attach_role_policy(
        RoleName=GATEWAY_ROLE, PolicyArn=f"arn:{aws.partition}:iam::aws:policy/{_LOG_POLICY}"
    )
    arn: str = role["Arn"]
    return arn
