"""The template of one stage: its settings, its names, and the indexes that change."""

import copy
import json

import pytest

from infra.aws.errors import SettingError
from infra.aws.tables import index_conflicts, table_properties
from infra.aws.template import effective_parameters, for_stage
from infra.deploy import read_settings
from tests.support.stack import Json, of_type

NAME = "stint-deployed"
PARAMETERS = {"AllowedOrigin": "*"}


def test_parameter_must_be_name_and_value() -> None:
    assert read_settings(["AllowedOrigin=https://a.example", "AlarmEmail="]) == {
        "AllowedOrigin": "https://a.example",
        "AlarmEmail": "",
    }
    with pytest.raises(SettingError, match="'AlarmEmail' does not have the form Name=value"):
        read_settings(["AlarmEmail"])


def test_stage_template_has_names_filled_in(template: Json) -> None:
    ready = for_stage(template, NAME, "bucket", "key.zip")
    for function in of_type(ready, "AWS::Serverless::Function").values():
        assert function["Properties"]["CodeUri"] == {"Bucket": "bucket", "Key": "key.zip"}
    names = {
        table["Properties"]["TableName"]
        for table in of_type(ready, "AWS::DynamoDB::Table").values()
    }
    assert f"{NAME}-time_entries" in names
    body = json.dumps(ready["Resources"]["RestAPI"]["Properties"]["DefinitionBody"])
    # The application knows the origins: a change of them needs no deployment of the API.
    assert "AllowedOrigin" not in body


def test_missing_parameter_keeps_its_value_or_default(template: Json) -> None:
    values = effective_parameters(
        template["Parameters"], {"LogLevel": "WARN"}, {"RequestBurst": "5"}
    )
    assert (values["LogLevel"], values["RequestBurst"]) == ("WARN", "5")
    assert values["RequestsPerSecond"] == "100"
    assert set(values) == set(template["Parameters"])


def test_one_index_change_is_allowed(template: Json) -> None:
    changed = copy.deepcopy(template)
    changed["Resources"]["TimersTable"]["Properties"]["GlobalSecondaryIndexes"].pop()
    before = for_stage(template, NAME, "bucket", "key.zip")
    ready = for_stage(changed, NAME, "bucket", "key.zip")
    assert index_conflicts(table_properties(before), table_properties(ready)) == []


@pytest.mark.parametrize(
    ("setting", "accepted"),
    [
        ({"AllowedOrigin": "a.example"}, "Origins of browser clients"),
        ({"LogRetentionDays": "2"}, "1, 3, 5, 7"),
        ({"RequestBurst": "0"}, "a number from 1 on"),
        ({"RequestBurst": "1e3"}, "a number from 1 on"),
    ],
)
def test_value_that_the_template_does_not_accept_is_refused(
    template: Json, setting: dict[str, str], accepted: str
) -> None:
    with pytest.raises(SettingError, match=f"is not accepted. Accepted: {accepted}"):
        effective_parameters(template["Parameters"], {}, setting)
