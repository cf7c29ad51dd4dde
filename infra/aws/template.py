"""Prepares the packaged template for one stage."""

import copy
import json
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


def effective_parameters(
    template: Json, previous: Mapping[str, str], new: Mapping[str, str]
) -> dict[str, str]:
    """Return every parameter's value: the new one, else the previous one, else the default.

    Raises :class:`ValueError` for an unknown parameter.
    """
    known = template["Parameters"]
    unknown = set(new) - set(known)
    if unknown:
        names = ", ".join(known)
        raise ValueError(f"unknown parameters: {', '.join(sorted(unknown))}. Known: {names}")
    return {
        name: new.get(name, previous.get(name, str(parameter["Default"])))
        for name, parameter in known.items()
    }


def for_stage(
    template: Json, stack: str, parameters: Mapping[str, str], bucket: str, archive_key: str
) -> Json:
    """Return the template with the values that CloudFormation needs as literals."""
    prepared = copy.deepcopy(template)
    for resource in prepared["Resources"].values():
        match resource["Type"]:
            case "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": archive_key}
            case "AWS::Serverless::Api":
                # SAM deploys an API again only if the text of its definition changes: a reference
                # to a parameter is the same text for every value.
                resource["Properties"]["DefinitionBody"] = _replaced(
                    resource["Properties"]["DefinitionBody"],
                    "${AllowedOrigin}",
                    parameters["AllowedOrigin"],
                )
            case "AWS::DynamoDB::Table":
                # CloudFormation imports an existing table only by a literal name.
                name = resource["Properties"]["TableName"]["Fn::Sub"]
                resource["Properties"]["TableName"] = name.replace("${AWS::StackName}", stack)
    return prepared


def _replaced(value: Json, old: str, new: str) -> Json:
    replaced: Json = json.loads(json.dumps(value).replace(old, json.dumps(new)[1:-1]))
    return replaced
