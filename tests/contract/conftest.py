"""The contract tests use the Spark session of the Spark tests and the warehouse of the ledger tests."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType


def _conftest(folder: str) -> ModuleType:
    path = Path(__file__).parents[1] / folder / "conftest.py"
    spec = importlib.util.spec_from_file_location(f"{folder}_conftest", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


spark = _conftest("spark").spark
_ledger = _conftest("ledger")
aws, s3, server, warehouse_url, warehouse, workgroup, redshift_warehouse = (
    _ledger.aws, _ledger.s3, _ledger.server, _ledger.warehouse_url, _ledger.warehouse, _ledger.workgroup,
    _ledger.redshift_warehouse,
)  # fmt: skip
