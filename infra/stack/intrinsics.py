"""CloudFormation's intrinsic functions."""

from typing import Any

Json = dict[str, Any]


def ref(name: str) -> Json:
    """Return a reference to a parameter or a resource."""
    return {"Ref": name}


def arn(logical_id: str) -> Json:
    """Return a resource's ARN. A log group's ARN includes its streams."""
    return attribute(logical_id, "Arn")


def attribute(logical_id: str, name: str) -> Json:
    """Return an attribute of a resource."""
    return {"Fn::GetAtt": [logical_id, name]}


def sub(text: str) -> Json:
    """Return a text in which ``${names}`` of parameters and resources are replaced."""
    return {"Fn::Sub": text}


def either(condition: str, yes: object, no: object) -> Json:
    """Return one of two values, by a condition."""
    return {"Fn::If": [condition, yes, no]}


def is_given(parameter: str) -> Json:
    """Return the condition that a parameter is not empty."""
    return {"Fn::Not": [{"Fn::Equals": [ref(parameter), ""]}]}


STACK = ref("AWS::StackName")
