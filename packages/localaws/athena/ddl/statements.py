"""Statements that change or show only the catalog or table metadata, by kind."""

from __future__ import annotations

from collections.abc import Callable

from localaws.athena.ddl.alter_table import alter_table, repair_table
from localaws.athena.ddl.create_table import create_table
from localaws.athena.ddl.create_view import create_view
from localaws.athena.ddl.databases import alter_database, create_database, drop_database
from localaws.athena.ddl.describe import describe
from localaws.athena.ddl.drop_table import drop_table, drop_view
from localaws.athena.ddl.show import (
    show_columns,
    show_create_table,
    show_create_view,
    show_databases,
    show_partitions,
    show_properties,
    show_tables,
    show_views,
)
from localaws.athena.ddl.vacuum import vacuum
from localaws.athena.engine import Context
from localaws.athena.outcome import Lines
from localaws.athena.syntax.statements import Statement

Handler = Callable[[Context, Statement], Lines]

HANDLERS: dict[str, Handler] = {
    "CREATE_TABLE": create_table,
    "CREATE_VIEW": create_view,
    "CREATE_DATABASE": create_database,
    "DROP_TABLE": drop_table,
    "DROP_VIEW": drop_view,
    "DROP_DATABASE": drop_database,
    "ALTER_TABLE": alter_table,
    "ALTER_DATABASE": alter_database,
    "MSCK_REPAIR": repair_table,
    "SHOW_DATABASES": show_databases,
    "SHOW_TABLES": show_tables,
    "SHOW_VIEWS": show_views,
    "SHOW_COLUMNS": show_columns,
    "SHOW_PARTITIONS": show_partitions,
    "SHOW_TBLPROPERTIES": show_properties,
    "SHOW_CREATE_TABLE": show_create_table,
    "SHOW_CREATE_VIEW": show_create_view,
    "DESCRIBE_TABLE": describe,
    "VACUUM": vacuum,
}
