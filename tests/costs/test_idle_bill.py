"""A stage that nobody uses costs less than two dollars a month."""

from collections.abc import Mapping

import pytest

from benchmarks.idle import Line, fixed_costs, idle_bill
from infra.stack.template import merge_template
from tests.support.stack import Json

LIMIT_DOLLARS = 2.00


@pytest.fixture(scope="module")
def merged() -> Json:
    return merge_template()


def _total(lines: Mapping[str, Line]) -> float:
    return sum(line.dollars for line in lines.values())


def test_unused_stage_costs_less_than_two_dollars_without_the_free_tier(merged: Json) -> None:
    assert _total(idle_bill(merged)) < LIMIT_DOLLARS


def test_each_alarm_metric_counts_also_inside_an_expression(merged: Json) -> None:
    full = idle_bill(merged, {"AlarmSet": "full"})
    # Of each function three metrics, of each table two, and two metrics of a lag.
    assert "CloudWatch: alarms on 11 metrics" in idle_bill(merged)
    assert f"CloudWatch: alarms on {11 + 6 * 3 + 8 * 2 + 2} metrics" in full
    assert "CloudWatch: 1 custom metrics with data" in full


def test_dashboard_costs_only_where_it_is_created(merged: Json) -> None:
    assert idle_bill(merged)["CloudWatch: 0 dashboards"].dollars == 0
    assert idle_bill(merged, {"CreateDashboard": "yes"})["CloudWatch: 1 dashboards"].dollars == 3


def test_firewall_costs_only_where_it_is_created(merged: Json) -> None:
    assert idle_bill(merged)["WAF: 0 web ACLs, 0 rules"].dollars == 0
    line = idle_bill(merged, {"CreateWaf": "yes"})["WAF: 1 web ACLs, 2 rules"]
    assert line == Line(7.00, 7.00)


def test_own_webhook_key_is_counted_once(merged: Json) -> None:
    assert idle_bill(merged)["Secrets Manager: 1 secrets"].dollars == pytest.approx(0.40)
    assert "Secrets Manager: 0 secrets" in idle_bill(merged, {"WebhookKey": "arn:aws:secret"})


def test_free_amounts_never_raise_the_bill(merged: Json) -> None:
    for line in idle_bill(merged).values():
        assert 0 <= line.after_free <= line.dollars


def test_fixed_costs_are_the_bill_without_the_auto_stop(merged: Json) -> None:
    lines = idle_bill(merged)
    (runs,) = (line for name, line in lines.items() if "auto-stop" in name)
    assert fixed_costs(merged) == pytest.approx(_total(lines) - runs.dollars)
