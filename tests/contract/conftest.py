"""The Spark session of the Spark tests serves the contracts too."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_path = Path(__file__).parents[1] / "spark" / "conftest.py"
_spec = importlib.util.spec_from_file_location("spark_conftest", _path)
assert _spec is not None and _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
spark = _module.spark
