"""Prepares the packaged template for one stage."""

import copy
import re
import sys
from collections.abc import Mapping
from typing import Any

from infra.aws.errors import SettingError

Json = dict[str, Any]


def effective_parameters(
    known: Mapping[str, Json], previous: Mapping[str, str], new: Mapping[str, str]
) -> dict[str, str]:
    """Return every parameter's value: the new one, else the previous one, else the default.

    ``known`` holds the template's parameters. Raises SettingError for a new value that is not
    accepted.
    """
    check_settings(known, new)
    return {
        name: new.get(name, previous.get(name, str(parameter["Default"])))
        for name, parameter in known.items()
    }


def check_settings(known: Mapping[str, Json], settings: Mapping[str, str]) -> None:
    """Raise SettingError for an unknown setting, or a value that the template does not accept."""
    unknown = set(settings) - set(known)
    if unknown:
        names = ", ".join(known)
        raise SettingError(f"unknown settings: {', '.join(sorted(unknown))}. Known: {names}")
    for name, value in settings.items():
        accepted = _accepted(known[name], value)
        if accepted:
            raise SettingError(f"{name}={value} is not accepted. Accepted: {accepted}.")


def _accepted(parameter: Json, value: str) -> str | None:
    """Return what is accepted if a value is not, else None."""
    values = [str(allowed) for allowed in parameter.get("AllowedValues", [])]
    if values and value not in values:
        return ", ".join(values)
    pattern = parameter.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        return f"{parameter['Description']} ({pattern})"
    if parameter["Type"] == "Number":
        least, most = parameter.get("MinValue", 0), parameter.get("MaxValue", sys.maxsize)
        if not re.fullmatch(r"\d+", value) or not least <= int(value) <= most:
            upper = f"to {most}" if "MaxValue" in parameter else "on"
            return f"a number from {least} {upper}"
    return None


def for_stage(template: Json, stack: str, bucket: str, archive_key: str) -> Json:
    """Return the template with the values that CloudFormation needs as literals."""
    prepared = copy.deepcopy(template)
    for resource in prepared["Resources"].values():
        match resource["Type"]:
            case "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": archive_key}
            case "AWS::DynamoDB::Table":
                # CloudFormation imports an existing table only by a literal name.
                name = resource["Properties"]["TableName"]["Fn::Sub"]
                resource["Properties"]["TableName"] = name.replace("${AWS::StackName}", stack)
    return prepared
