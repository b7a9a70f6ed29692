"""Monthly cost of a plan: it contains every resource that is billed by the hour, at a dated price."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from datetime import date
from types import ModuleType
from typing import Any

import pytest
from terraform_run import CONFIGURATION, ROOT, Plan

SCRIPT = CONFIGURATION / "cost.py"
PRICES = tomllib.loads((CONFIGURATION / "prices.toml").read_text())
DOCUMENTED = re.compile(r"^\| [^|]+ \(plan `(?P<plan>\w+)`\) \| (?P<idle>[\d.]+) \| (?P<most>[^|]+) \|$", re.MULTILINE)
PARTS = {
    "services": "aws_ecs_service", "databases": "aws_db_instance", "NAT": "aws_nat_gateway", "load balancer": "aws_lb",
    "streams": "aws_kinesis_stream", "alarms": "aws_cloudwatch_metric_alarm", "endpoints": "aws_vpc_endpoint",
    "MWAA": "aws_mwaa_environment", "secrets": "aws_secretsmanager_secret", "keys": "aws_kms_key",
}  # fmt: skip
"""Types of resources by their names in docs/aws.md."""


@pytest.fixture(scope="module")
def cost() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cost", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def state(plan: Plan) -> dict[str, Any]:
    """Return a plan in the format of terraform show, in a module below the root."""
    resources = [{"mode": "managed", "type": resource.kind, "values": resource.values} for resource in plan]
    return {"values": {"root_module": {"child_modules": [{"resources": resources}]}}}


def test_airflow_and_metabase_are_most_of_the_cost(cost: ModuleType, plans: dict[str, Plan]) -> None:
    costs = {name: cost.cost_per_month(state(plan), PRICES) for name, plan in plans.items()}
    assert set(costs["dev"]) == {"aws_secretsmanager_secret", "aws_kms_key", "aws_cloudwatch_metric_alarm"}
    assert sum(costs["dev"].values()) < 5
    assert {"aws_ecs_service", "aws_nat_gateway", "aws_db_instance", "aws_lb", "aws_wafv2_web_acl"} < set(costs["prod"])
    assert next(iter(costs["mwaa"])) == "aws_mwaa_environment"


def test_the_documented_costs_are_those_of_the_plans(cost: ModuleType, plans: dict[str, Plan]) -> None:
    rows = {row["plan"]: row for row in DOCUMENTED.finditer((ROOT / "docs" / "aws.md").read_text())}
    assert rows.keys() == plans.keys()
    for name, row in rows.items():
        costs = cost.cost_per_month(state(plans[name]), PRICES)
        parts = dict(re.fullmatch(r"(.+) ([\d.]+)", part).groups() for part in row["most"].split(", "))  # type: ignore[union-attr]
        assert {part: float(usd) for part, usd in parts.items()} == {
            part: pytest.approx(costs[PARTS[part]], abs=0.5) for part in parts
        }, name
        assert float(row["idle"]) == pytest.approx(sum(costs.values()), abs=0.5), name


def test_a_service_costs_its_task_for_a_month_and_less_on_spot(cost: ModuleType) -> None:
    task = {"family": "estrela-dev-worker", "cpu": "1024", "memory": "4096"}
    service = {"name": "worker", "desired_count": 2, "capacity_provider_strategy": [{"capacity_provider": "FARGATE"}]}
    spot = service | {"capacity_provider_strategy": [{"capacity_provider": "FARGATE_SPOT"}]}
    prices = PRICES | {"fargate": {"vcpu": 0.04, "gigabyte": 0.005, "spot_discount": 0.7}}
    of = [state_of(aws_ecs_task_definition=task, aws_ecs_service=variant) for variant in (service, spot)]
    hourly, on_spot = [cost.cost_per_month(plan, prices)["aws_ecs_service"] for plan in of]
    assert hourly == pytest.approx(2 * (0.04 + 4 * 0.005) * 730)
    assert on_spot == pytest.approx(0.3 * hourly)


def state_of(**values: Any) -> dict[str, Any]:
    resources = [{"mode": "managed", "type": kind, "values": attributes} for kind, attributes in values.items()]
    return {"planned_values": {"root_module": {"resources": resources}}}


def test_a_second_availability_zone_doubles_the_database(cost: ModuleType) -> None:
    single = {"instance_class": "db.t4g.small", "allocated_storage": 20, "multi_az": False}
    single_zone, two_zones = (
        cost.cost_per_month(state_of(aws_db_instance=single | {"multi_az": multi}), PRICES)["aws_db_instance"]
        for multi in (False, True)
    )
    assert two_zones == pytest.approx(2 * single_zone)


def test_it_reads_a_plan_and_names_the_day_of_its_prices() -> None:
    plan = json.dumps(state_of(aws_kms_key={}, aws_s3_bucket={}))
    done = subprocess.run([sys.executable, str(SCRIPT)], input=plan, capture_output=True, text=True, check=True)
    day = date.fromisoformat(PRICES["date"])
    assert done.stdout.splitlines() == [
        f"US dollars per month while idle, list prices of us-east-1 as of {day}",
        f"{'kms_key':28} {1:9.2f}",
        f"{'together':28} {1:9.2f}",
    ]


def test_every_default_size_has_a_price() -> None:
    text = (CONFIGURATION / "variables.tf").read_text()
    assert all(f'"{size}"' in text for size in ("db.t4g.small", "mw1.small"))
    assert {"db.t4g.small"} <= set(PRICES["rds"])
    assert {"mw1.small"} <= set(PRICES["mwaa"])
