"""The template after the SAM transform, applied by the AWS SAM translator."""

import copy
import json
import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]

Json = dict[str, Any]

REGION = "eu-central-1"


def read(path: Path) -> Json:
    """Read a JSON file."""
    document: Json = json.loads(path.read_text())
    return document


def transformed(template: Json, parameters: dict[str, str] | None = None) -> Json:
    """Return the packaged template after the SAM transform, as CloudFormation processes it."""
    uploaded = copy.deepcopy(template)
    for function in of_type(uploaded, "AWS::Serverless::Function").values():
        if isinstance(function["Properties"]["CodeUri"], str):
            function["Properties"]["CodeUri"] = {"Bucket": "artifacts", "Key": "deployment.zip"}
    with patch.dict(os.environ, AWS_DEFAULT_REGION=REGION):
        processed: Json = Translator({}, Parser()).translate(uploaded, parameters or {})
    return processed


def of_type(template: Json, type_: str) -> dict[str, Json]:
    """Return the resources of one type, by logical id."""
    return {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] == type_
    }


def references(value: Any) -> set[str]:
    """Return all names that a part of a template refers to."""
    match value:
        case {"Ref": str(name)}:
            return {name}
        case {"Fn::GetAtt": [str(name), str()]}:
            return {name}
        case {"Fn::Sub": str(text)}:
            return {name.split(".")[0] for name in _placeholders(text)}
        case dict():
            return set().union(*map(references, value.values()))
        case list():
            return set().union(*map(references, value))
    return set()


def _placeholders(text: str) -> list[str]:
    return [part.split("}")[0] for part in text.split("${")[1:]]
