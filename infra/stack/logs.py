"""Log groups."""

from infra.stack.intrinsics import Json, ref, sub


def log_group(name: str) -> Json:
    """Return a log group with the retention of the stack's parameter."""
    return {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {
            "LogGroupName": sub(f"/stint/${{AWS::StackName}}/{name}"),
            "RetentionInDays": ref("LogRetentionDays"),
        },
    }
