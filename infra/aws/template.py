"""The packaged template, made ready for one stage."""

import copy
import json
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


def effective_parameters(
    template: Json, previous: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, str]:
    """Every parameter's value: as given now, else as it was, else the default.

    Raises :class:`ValueError` for a name that is no parameter's.
    """
    known = template["Parameters"]
    unknown = set(given) - set(known)
    if unknown:
        names = ", ".join(known)
        raise ValueError(f"no such parameter: {', '.join(sorted(unknown))}. There are: {names}")
    return {
        name: given.get(name, previous.get(name, str(parameter["Default"])))
        for name, parameter in known.items()
    }


def for_stage(
    template: Json, stack: str, parameters: Mapping[str, str], bucket: str, archive_key: str
) -> Json:
    """The template with what CloudFormation must find in it literally."""
    ready = copy.deepcopy(template)
    for resource in ready["Resources"].values():
        match resource["Type"]:
            case "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": archive_key}
            case "AWS::Serverless::Api":
                # SAM deploys an API anew when its definition reads differently: a reference reads
                # the same whatever it refers to.
                resource["Properties"]["DefinitionBody"] = _replaced(
                    resource["Properties"]["DefinitionBody"],
                    "${AllowedOrigin}",
                    parameters["AllowedOrigin"],
                )
            case "AWS::DynamoDB::Table":
                # A table that outlived an earlier stack is taken back only by a literal name.
                name = resource["Properties"]["TableName"]["Fn::Sub"]
                resource["Properties"]["TableName"] = name.replace("${AWS::StackName}", stack)
    return ready


def _replaced(value: Json, old: str, new: str) -> Json:
    replaced: Json = json.loads(json.dumps(value).replace(old, json.dumps(new)[1:-1]))
    return replaced
