"""The functions of the feeds start without the libraries that lambdas/package.py leaves out of their layer."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STARTING = """
import importlib, sys
left_out, modules = (words.split(",") for words in sys.argv[1:])
for name in left_out:
    sys.modules[name] = None  # an import of it raises ModuleNotFoundError
for name in modules:
    importlib.import_module(name)
"""


def test_no_function_of_the_feeds_imports_what_its_layer_lacks() -> None:
    packaging = (ROOT / "lambdas" / "package.py").read_text()
    left_out = re.findall(r'"--prune", "(\w+)"', packaging)
    assert {"pyarrow", "requests"} <= set(left_out)
    handlers = [path.read_text() for path in (ROOT / "lambdas").glob("*/handler.py")]
    modules = {name for text in handlers for name in re.findall(r"^from (estrela\.\S+) import", text, re.MULTILINE)}
    assert {"estrela.warehouse_parts", "estrela.hooks.database_role"} <= modules
    command = [sys.executable, "-c", STARTING, ",".join(left_out), ",".join(sorted(modules))]
    started = subprocess.run(command, capture_output=True, text=True, check=False)
    assert started.returncode == 0, started.stderr[-2000:]
