"""Resolves the table names of a query."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from localaws.athena.embedded.relation import HIDDEN, Relation
from localaws.athena.embedded.sql.relations import Column, Table
from localaws.athena.embedded.tables.iceberg import scan_iceberg
from localaws.athena.embedded.tables.information_schema import INFORMATION_SCHEMA, information_schema
from localaws.athena.embedded.tables.pruning import Pruner, conjuncts
from localaws.athena.embedded.tables.scan import scan_hive
from localaws.athena.embedded.tables.system import system_table
from localaws.athena.embedded.tables.view_relation import view_relation
from localaws.athena.entries.hive_table import hive_table
from localaws.athena.entries.views import VIRTUAL_VIEW, read_view
from localaws.athena.errors import QueryError, SchemaNotFoundError, TableNotFoundError, UnsupportedError
from localaws.athena.syntax.cursor import CATALOGS
from localaws.athena.syntax.statements import position
from localaws.glue.catalog import EntityNotFoundException

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context

_SYSTEM_NAME = re.compile(r"(?P<table>.+)\$(?P<kind>[a-z_]+)")
_DEEPEST = 20


class Binder:
    """Turns table names of one query text into relations; knows the text's default database and positions."""

    def __init__(self, context: Context, database: str, text: str, depth: int = 0) -> None:
        self._context = context
        self._database = database
        self._text = text
        self._depth = depth
        self._names_hidden = any(name in text.lower() for name, _ in HIDDEN)

    def __call__(self, node: exp.Table) -> Table:
        """The relation of a name.

        Raises TableNotFoundError, SchemaNotFoundError, QueryError for invalid table contents, UnsupportedError.
        """
        self._check_catalog(node)
        relation = self._relation(node)
        columns = [Column(name, kind) for name, kind in relation.columns]
        columns += [Column(name, kind, hidden=True) for name, kind in relation.hidden]
        return Table(f"({relation.sql})", tuple(columns))

    def _relation(self, node: exp.Table) -> Relation:
        database = (node.db or self._database).lower()
        name = node.name.lower()
        if database == INFORMATION_SCHEMA:
            return information_schema(self._context, name, self._place(node))
        if match := _SYSTEM_NAME.fullmatch(name):
            table = self._glue_table(database, match["table"], node)
            return system_table(self._context, table, match["kind"], self._place(node))
        table = self._glue_table(database, name, node)
        if table.get("TableType") == VIRTUAL_VIEW:
            return self._view(table, node)
        pruner = Pruner(self._context.session, (node.alias or node.name).lower(), conjuncts(node))
        hidden = HIDDEN if self._names_hidden else ()
        if self._context.iceberg.is_iceberg(table):
            return scan_iceberg(self._context, table, node, pruner, hidden)
        if node.args.get("version") or node.args.get("when"):
            raise QueryError("NOT_SUPPORTED", f"{self._place(node)}This connector does not support versioned tables")
        return scan_hive(self._context, hive_table(table), pruner, hidden)

    def _view(self, table: dict[str, Any], node: exp.Table) -> Relation:
        if node.args.get("version") or node.args.get("when"):
            raise UnsupportedError("time travel on a view")
        if self._depth >= _DEEPEST:
            raise QueryError("VIEW_IS_RECURSIVE", f"View '{table['DatabaseName']}.{table['Name']}' refers to itself")
        view = read_view(table)
        inner = Binder(self._context, view.database, view.sql, self._depth + 1)
        return view_relation(view, inner)

    def _glue_table(self, database: str, name: str, node: exp.Table) -> dict[str, Any]:
        try:
            return self._context.catalog.tables.get(database, name)
        except EntityNotFoundException:
            pass
        try:
            self._context.catalog.databases.get(database)
        except EntityNotFoundException:
            raise SchemaNotFoundError(database, self._place(node)) from None
        raise TableNotFoundError(database, name, self._place(node))

    def _check_catalog(self, node: exp.Table) -> None:
        if node.catalog and node.catalog.lower() not in CATALOGS:
            raise QueryError("CATALOG_NOT_FOUND", f"{self._place(node)}Catalog '{node.catalog}' does not exist")

    def _place(self, node: exp.Table) -> str:
        """The position of a name in the query's text, such as ``line 1:15: ``; empty if unknown."""
        first = node.args.get("catalog") or node.args.get("db") or node.this
        start = first.meta.get("start") if isinstance(first, exp.Identifier) else None
        if start is None or not self._text:
            return ""
        line, column = position(self._text, start)
        return f"line {line}:{column}: "
