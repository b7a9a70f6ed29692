"""``terraform show -json PLAN | cost.py``: what a plan costs per month before anything runs, by kind of resource.

What grows with use (Glue, Athena, storage, traffic, logs, calls) is not in it.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

PRICES = Path(__file__).with_name("prices.toml")
Values = Mapping[str, Any]


def resources(plan: Mapping[str, Any]) -> Iterator[tuple[str, Values]]:
    """Type and values of each resource that is there after a plan, or in a state."""
    yield from _of((plan.get("planned_values") or plan.get("values") or {}).get("root_module", {}))


def _of(module: Mapping[str, Any]) -> Iterator[tuple[str, Values]]:
    for resource in module.get("resources", []):
        if resource["mode"] == "managed":
            yield resource["type"], resource["values"]
    for child in module.get("child_modules", []):
        yield from _of(child)


def cost_per_month(plan: Mapping[str, Any], prices: Mapping[str, Any]) -> dict[str, float]:
    """Return US dollars per month by type of resource; types that cost nothing while idle are left out."""
    planned = list(resources(plan))
    hours = prices["hours_per_month"]
    sizes = {
        values["family"]: _fargate(values, prices) for kind, values in planned if kind == "aws_ecs_task_definition"
    }
    priced: Mapping[str, Callable[[Values], float]] = {
        "aws_db_instance": lambda values: _database(values, prices),
        "aws_ecs_service": lambda values: _service(values, sizes, prices) * hours,
        "aws_mwaa_environment": lambda values: prices["mwaa"][values["environment_class"]] * hours,
        "aws_vpc_endpoint": lambda values: _endpoint(values, prices) * hours,
        **{kind: _constant(price) for kind, price in prices["monthly"].items()},
        **{kind: _constant(price * hours) for kind, price in prices["hourly"].items() if kind != "aws_vpc_endpoint"},
    }
    costs: dict[str, float] = {}
    for kind, values in planned:
        if kind in priced:
            costs[kind] = costs.get(kind, 0.0) + priced[kind](values)
    return {kind: cost for kind, cost in sorted(costs.items(), key=lambda item: -item[1]) if cost}


def _constant(price: float) -> Callable[[Values], float]:
    return lambda _: price


def _fargate(task: Values, prices: Mapping[str, Any]) -> float:
    per_hour = prices["fargate"]
    return float(task["cpu"]) / 1024 * per_hour["vcpu"] + float(task["memory"]) / 1024 * per_hour["gigabyte"]


def _service(service: Values, sizes: Mapping[str, float], prices: Mapping[str, Any]) -> float:
    """Per hour, at the smallest number of tasks. A service runs the task of its name."""
    (size,) = [price for family, price in sizes.items() if family.endswith(f"-{service['name']}")]
    is_spot = service["capacity_provider_strategy"][0]["capacity_provider"] == "FARGATE_SPOT"
    discount = prices["fargate"]["spot_discount"] if is_spot else 0.0
    return float(service["desired_count"]) * size * (1 - discount)


def _database(database: Values, prices: Mapping[str, Any]) -> float:
    hourly = prices["rds"][database["instance_class"]] * prices["hours_per_month"]
    return float(
        (hourly + prices["rds"]["storage"] * database["allocated_storage"]) * (2 if database["multi_az"] else 1)
    )


def _endpoint(endpoint: Values, prices: Mapping[str, Any]) -> float:
    if endpoint["vpc_endpoint_type"] != "Interface":
        return 0.0
    return float(prices["hourly"]["aws_vpc_endpoint"] * len(endpoint.get("subnet_ids") or [None]))


def report(costs: Mapping[str, float], date: str) -> str:
    """Return the costs as a table."""
    lines = [f"{kind.removeprefix('aws_'):28} {cost:9.2f}" for kind, cost in costs.items()]
    total = f"{'together':28} {sum(costs.values()):9.2f}"
    heading = f"US dollars per month while idle, list prices of us-east-1 as of {date}"
    return "\n".join([heading, *lines, total])


def main() -> int:
    """Read the plan from standard input and print its cost."""
    prices = tomllib.loads(PRICES.read_text())
    print(report(cost_per_month(json.load(sys.stdin), prices), prices["date"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
