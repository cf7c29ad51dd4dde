"""Every refusal of AWS becomes one line that says what, why, and what to do."""

from collections.abc import Callable

import pytest
from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from infra.aws.errors import Interrupted, StackError, explain, run


def refused(operation: str, code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            refused(
                "CreateChangeSet",
                "AccessDenied",
                "User: arn:aws:iam::123456789012:user/ana is not authorized to perform: "
                "cloudformation:CreateChangeSet on resource: arn:aws:cloudformation:eu:1:stack/s/* "
                "because no identity-based policy allows the cloudformation:CreateChangeSet action",
            ),
            "Missing permission: cloudformation:CreateChangeSet on "
            "arn:aws:cloudformation:eu:1:stack/s/* (no identity-based policy allows the "
            "cloudformation:CreateChangeSet action). Add it to "
            "arn:aws:iam::123456789012:user/ana, then run the same command again.",
        ),
        (
            refused("ListStacks", "AccessDenied", "not authorized to perform: x:ListStacks"),
            "Missing permission: x:ListStacks on *. Add it to these credentials, then run the "
            "same command again.",
        ),
        (
            refused("HeadBucket", "403", "Forbidden"),
            "AWS refused HeadBucket: access denied (Forbidden). Add the permission "
            "s3:ListBucket, then run the same command again.",
        ),
        (
            refused("DescribeStacks", "ExpiredToken", "The security token is expired"),
            "The AWS credentials have expired. Sign in again, such as with `aws sso login`.",
        ),
        (
            refused("GetCallerIdentity", "InvalidClientTokenId", "The token is invalid."),
            "AWS does not accept these credentials (InvalidClientTokenId). Set AWS_PROFILE, or "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        ),
        (
            refused("UpdateTable", "ThrottlingException", "Rate exceeded"),
            "AWS did not complete UpdateTable: Rate exceeded (ThrottlingException). Wait a "
            "minute, then run the same command again.",
        ),
        (
            # Another operator's deployment changes the same table.
            refused("UpdateTable", "ResourceInUseException", "The table is being updated"),
            "AWS did not complete UpdateTable: The table is being updated "
            "(ResourceInUseException). Wait a minute, then run the same command again.",
        ),
        (
            refused("CreateChangeSet", "ValidationError", "Template error:\n  Ref is wrong"),
            "AWS refused CreateChangeSet: Template error: Ref is wrong (ValidationError). "
            "Correct this, then run the same command again.",
        ),
        (
            refused("PutObject", "SomethingElse"),
            "AWS refused PutObject: no reason given (SomethingElse). Correct this, then run the "
            "same command again.",
        ),
        (
            exceptions.ProfileNotFound(profile="nobody"),
            "There is no AWS profile 'nobody'. Select one that `aws configure list-profiles` "
            "shows.",
        ),
        (
            exceptions.NoCredentialsError(),
            "There are no AWS credentials. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY.",
        ),
        (
            exceptions.UnauthorizedSSOTokenError(),
            "The AWS session is not valid: The SSO session associated with this profile has "
            "expired or is otherwise invalid. To refresh this SSO session run aws sso login with "
            "the corresponding profile",
        ),
        (
            exceptions.EndpointConnectionError(endpoint_url="https://sts.eu-1.amazonaws.com/"),
            "There is no connection to AWS: Could not connect to the endpoint URL: "
            '"https://sts.eu-1.amazonaws.com/". Check the network, the proxy and the region, then '
            "run the same command again.",
        ),
        (
            exceptions.InvalidRegionError(region_name="Frankfurt!"),
            "The AWS region is not valid: Provided region_name 'Frankfurt!' doesn't match a "
            "supported format. Set AWS_REGION, then run the same command again.",
        ),
    ],
)
def test_error_is_one_line_with_the_reason_and_the_remedy(
    error: BotoCoreError | ClientError, expected: str
) -> None:
    assert explain(error) == expected


def raising(error: BaseException) -> Callable[[list[str]], None]:
    def command(_: list[str]) -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (StackError("the stack is busy"), "the stack is busy"),
        (exceptions.NoCredentialsError(), "There are no AWS credentials."),
        (refused("GetObject", "AccessDenied"), "AWS refused GetObject: access denied"),
    ],
)
def test_traceback_is_printed_only_with_debug(
    error: Exception, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=line):
        run(raising(error), ["prod"])
    assert capsys.readouterr().err == ""
    with pytest.raises(SystemExit, match=line):
        run(raising(error), ["--debug", "prod"])
    assert "Traceback" in capsys.readouterr().err


def test_command_does_not_receive_the_debug_flag() -> None:
    received: list[list[str]] = []
    run(received.append, ["--debug", "prod", "LogLevel=WARN"])
    assert received == [["prod", "LogLevel=WARN"]]


def test_programming_error_is_not_hidden() -> None:
    with pytest.raises(KeyError):
        run(raising(KeyError("a bug")), [])


@pytest.mark.parametrize(
    ("interrupt", "state"),
    [
        (KeyboardInterrupt(), "Interrupted, while CloudFormation was not changing the stack."),
        (Interrupted("CloudFormation continues."), "CloudFormation continues."),
    ],
)
def test_interrupted_command_says_the_state_and_that_repeating_is_safe(
    interrupt: KeyboardInterrupt, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        run(raising(interrupt), [])
    assert exit_.value.code == 130
    assert capsys.readouterr().err == f"\n{state} It is safe to run the same command again.\n"
