"""Digests of the code that determines the content of a star's tables.

A digest covers the syntax trees of modules, not their text. Comments and docstrings, including those of attributes, do
not affect it.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.resources
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources.abc import Traversable

from estrela.model.mart import Mart
from estrela.model.star import STARS, Star
from estrela.model.table import Table

ENGINE = ("estrela.etl.row_hash", "estrela.etl.transformers.", "estrela.frame", "estrela.model.")
"""Modules that take part in building all tables."""
Modules = Mapping[str, Traversable]


def code_digests(star: Star) -> dict[str, str]:
    """Return a digest per dimension, fact and mart of the star, from the code of this package."""
    return digests_of(star, importlib.resources.files("estrela"))


def digests_of(star: Star, root: Traversable) -> dict[str, str]:
    """Return a digest per dimension, fact and mart of the star, from the copy of this package at ``root``."""
    modules = dict(_modules(root, "estrela"))
    engine = [name for name in modules if name.startswith(ENGINE)]
    data = _data(root.joinpath("stars", star.name))
    tables = {table.name: _of_table(modules, engine, star, table) for table in star.tables}
    return {
        name: hashlib.sha256(f"{digest}{data}".encode()).hexdigest() for name, digest in tables.items()
    } | {mart.name: _of_mart(mart) for mart in star.marts}  # fmt: skip


def _of_mart(mart: Mart) -> str:
    return hashlib.sha256(repr((mart.sql, mart.all_columns, mart.period)).encode()).hexdigest()


def _of_table(modules: Modules, engine: Iterable[str], star: Star, table: Table) -> str:
    own = {f"{STARS}.{star.name}.{table.name}", table.transform.__module__}
    digest = hashlib.sha256()
    for name in sorted({*engine, *_imported(modules, own)}):
        digest.update(f"{name}\0{_syntax(modules[name])}\0".encode())
    return digest.hexdigest()


def _imported(modules: Modules, names: Iterable[str]) -> set[str]:
    """Return those of ``names`` that are modules of this package, with all star modules that they import."""
    reached: set[str] = set()
    waiting = [name for name in names if name in modules]
    while waiting:
        name = waiting.pop()
        reached.add(name)
        imported = _imports(ast.parse(modules[name].read_bytes()))
        waiting += [
            other for other in imported if other in modules and other.startswith(STARS) and other not in reached
        ]
    return reached


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _syntax(file: Traversable) -> str:
    return ast.dump(_WithoutDocstrings().visit(ast.parse(file.read_bytes())))


class _WithoutDocstrings(ast.NodeTransformer):
    """Removes statements that are a bare string: the docstrings of modules, classes, functions and attributes."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else node


def _data(folder: Traversable) -> str:
    """Return a digest of the star's data files."""
    if not folder.is_dir():
        return ""
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.is_file() and not file.name.endswith((".py", ".pyc")):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _modules(folder: Traversable, package: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _modules(entry, f"{package}.{entry.name}")
        elif entry.name.endswith(".py"):
            yield f"{package}.{entry.name.removesuffix('.py')}".removesuffix(".__init__"), entry
