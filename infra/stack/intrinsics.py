"""CloudFormation's functions and names, spelled once."""

from typing import Any

Json = dict[str, Any]


def ref(name: str) -> Json:
    """A parameter's value, or what a resource's Ref is."""
    return {"Ref": name}


def arn(logical_id: str) -> Json:
    """A resource's ARN. A log group's covers its streams."""
    return attribute(logical_id, "Arn")


def attribute(logical_id: str, name: str) -> Json:
    """An attribute of a resource."""
    return {"Fn::GetAtt": [logical_id, name]}


def sub(text: str) -> Json:
    """A text with ``${names}`` of parameters and resources in it."""
    return {"Fn::Sub": text}


def either(condition: str, yes: object, no: object) -> Json:
    """One of two values."""
    return {"Fn::If": [condition, yes, no]}


def is_given(parameter: str) -> Json:
    """Whether a parameter is not empty."""
    return {"Fn::Not": [{"Fn::Equals": [ref(parameter), ""]}]}


STACK = ref("AWS::StackName")
