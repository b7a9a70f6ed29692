"""Variables are named after their content."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAY_NOTHING = {"one", "told", "made", "found", "mine", "everyone", "wish"}
"""Names that say nothing about the content of a variable; see CONTRIBUTING.md."""


def variables(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and name of each variable and parameter."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg


def test_variables_are_named_for_what_they_hold() -> None:
    folders = (
        "packages",
        "metabase",
        "dags",
        "glue",
        "lambdas",
        "airflow",
        "architecture_diagram",
        "benchmarks",
        "tests",
    )
    files = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]
    assert len(files) > 1000
    assert [
        f"{file.relative_to(ROOT)}:{line} {name}"
        for file in files
        for line, name in variables(ast.parse(file.read_text(encoding="utf-8")))
        if name in SAY_NOTHING
    ] == []
