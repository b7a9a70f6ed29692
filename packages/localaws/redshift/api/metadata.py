"""ListDatabases, ListSchemas, ListTables and DescribeTable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localaws.redshift.api.service import Service
from localaws.redshift.api.targets import Owner
from localaws.redshift.database import Target
from localaws.redshift.errors import ValidationError
from localaws.redshift.json_app import Handler

_DEFAULT_PAGE = 1000


def handlers(service: Service) -> dict[str, Handler]:
    """Return the handlers by the name of their operation."""

    def target(account: str, region: str, request: dict[str, Any]) -> Target:
        access = service.targets.find(Owner(account, region), request)
        if access.refused:
            raise ValidationError(access.refused)
        return access.target

    def list_databases(account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        return _page("Databases", service.databases.names(target(account, region, request)), request)

    def list_schemas(account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        sql = (
            "SELECT nspname::text FROM pg_namespace WHERE nspname NOT LIKE 'pg!_%%' ESCAPE '!' "
            "AND nspname NOT IN ('rs', 'information_schema') AND nspname LIKE %s ORDER BY 1"
        )
        rows = _rows(service, target(account, region, request), sql, (request.get("SchemaPattern") or "%",))
        return _page("Schemas", [row[0] for row in rows], request)

    def list_tables(account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        sql = (
            "SELECT nspname::text, relname::text, CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END "
            "FROM rs.user_tables WHERE nspname LIKE %s AND relname LIKE %s ORDER BY 1, 2"
        )
        patterns = (request.get("SchemaPattern") or "%", request.get("TablePattern") or "%")
        rows = _rows(service, target(account, region, request), sql, patterns)
        return _page("Tables", [{"schema": row[0], "name": row[1], "type": row[2]} for row in rows], request)

    def describe_table(account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        sql = (
            "SELECT column_name::text, udt_name::text, is_nullable = 'YES', column_default::text, "
            "coalesce(character_maximum_length, numeric_precision, 0)::int, coalesce(numeric_scale, 0)::int, "
            "table_schema::text FROM information_schema.columns "
            "WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position"
        )
        schema, table = request.get("Schema") or "public", request.get("Table", "")
        rows = _rows(service, target(account, region, request), sql, (schema, table))
        return _page("ColumnList", [_column(row, table) for row in rows], request) | {"TableName": table}

    return {
        "ListDatabases": list_databases,
        "ListSchemas": list_schemas,
        "ListTables": list_tables,
        "DescribeTable": describe_table,
    }


def _rows(service: Service, target: Target, sql: str, values: tuple[str, ...]) -> list[tuple[Any, ...]]:
    with service.databases.log_connection(target) as connection:
        return connection.execute(sql.encode(), values).fetchall()


def _column(row: tuple[Any, ...], table: str) -> dict[str, Any]:
    name, kind, nullable, default, precision, scale, schema = row
    column = {
        "name": name, "label": name, "typeName": kind, "nullable": int(nullable), "precision": precision,
        "scale": scale,
        "schemaName": schema, "tableName": table, "isCaseSensitive": kind in ("varchar", "bpchar"),
        "isCurrency": False, "isSigned": kind.startswith(("int", "float", "numeric")), "length": 0,
    }  # fmt: skip
    return column | ({"columnDefault": default} if default else {})


def _page(name: str, entries: list[Any], request: dict[str, Any]) -> dict[str, Any]:
    start = int(request.get("NextToken") or 0)
    end = start + int(request.get("MaxResults") or _DEFAULT_PAGE)
    return {name: entries[start:end]} | ({"NextToken": str(end)} if end < len(entries) else {})
