"""No SQL passes through untranslated: a syntax node or function that is not listed is refused by name."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from examples import few_and_many
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from localaws.athena.embedded.sql import Column, NotSupportedError, SqlError, Table, no_tables, parse, translate
from localaws.athena.embedded.sql.expressions import HANDLERS, compile_expression
from localaws.athena.embedded.sql.functions import catalog
from localaws.athena.embedded.sql.functions.unsupported import UNSUPPORTED
from localaws.athena.embedded.sql.query import sources_of
from localaws.athena.embedded.sql.scope import Scope
from localaws.athena.embedded.sql.session import prepare, register_functions
from localaws.athena.embedded.sql.support import page
from localaws.athena.types.text import parse_type

PAGE = Path(__file__).parents[2] / "docs" / "athena_sql.md"


def _expression_nodes() -> list[type[exp.Expression]]:
    kinds, queue = set(), [exp.Expression]
    while queue:
        for kind in queue.pop().__subclasses__():
            if kind not in kinds:
                kinds.add(kind)
                queue.append(kind)
    return sorted(kinds, key=lambda kind: kind.__name__)


def test_every_node_of_sqlglot_that_is_not_listed_is_refused() -> None:
    context = sources_of(no_tables).context
    unlisted = [kind for kind in _expression_nodes() if kind not in HANDLERS]
    assert len(unlisted) > 500
    for kind in unlisted:
        with pytest.raises(NotSupportedError):
            compile_expression(kind(), Scope(), context)


@few_and_many(40, 200)
def test_a_function_that_trino_does_not_know_is_not_found(examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(st.from_regex(r"[a-z][a-z_0-9]{2,20}", fullmatch=True))
    def holds(name: str) -> None:
        known = set(catalog.scalars()) | catalog.aggregate_names() | catalog.window_names() | UNSUPPORTED
        if name in known | {"typeof", "row"}:
            return
        with pytest.raises(SqlError) as caught:
            translate(exp.select(exp.Anonymous(this=name, expressions=[exp.Literal.number(1)])))
        assert str(caught.value) == f"FUNCTION_NOT_FOUND: Function '{name}' not registered"

    holds()


def test_a_function_of_trino_that_is_not_listed_is_refused_by_its_name() -> None:
    assert not UNSUPPORTED & (set(catalog.scalars()) | catalog.aggregate_names() | catalog.window_names())
    for name in UNSUPPORTED:
        with pytest.raises(NotSupportedError) as caught:
            translate(exp.select(exp.Anonymous(this=name, expressions=[exp.Literal.number(1)])))
        assert caught.value.construct == f"function {name}"


def test_no_function_of_duckdb_is_reached_by_its_own_name() -> None:
    connection = duckdb.connect()
    names = {row[0] for row in connection.execute("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()}
    known = set(catalog.scalars()) | catalog.aggregate_names() | catalog.window_names() | {"row", "typeof"}
    unlisted = [name for name in sorted(names - known) if name.isidentifier()]
    assert len(unlisted) > 400
    for name in unlisted:
        with pytest.raises(SqlError):
            translate(exp.select(exp.Anonymous(this=name, expressions=[])))


@pytest.mark.parametrize(
    "clause",
    ["CLUSTER BY x", "LIMIT 1 BY x", "FOR UPDATE", "PREWHERE x = 1", "SAMPLE 1", "QUALIFY x = 1", "SETTINGS a = 1"],
)
def test_clauses_of_other_dialects_never_pass(clause: str) -> None:
    with pytest.raises(SqlError):
        translate(f"SELECT x FROM (VALUES 1) AS t(x) {clause}")


def test_trees_of_another_parser_are_refused_rather_than_trusted() -> None:
    with pytest.raises(NotSupportedError) as caught:
        translate(exp.select(exp.DateTrunc(this=exp.column("x"), unit=exp.Literal.string("day"))))
    assert caught.value.construct == "DATETRUNC"


def test_the_page_of_what_is_supported_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_a_table_is_what_the_caller_says() -> None:
    connection = duckdb.connect()
    register_functions(connection)
    prepare(connection)
    connection.execute("CREATE TABLE lake AS SELECT 1 AS \"Id\", 'x' AS name, 's3://b/k' AS \"$path\"")
    columns = (
        Column("Id", parse_type("bigint")),
        Column("name", parse_type("string")),
        Column("$path", parse_type("string"), hidden=True),
    )
    query = parse('SELECT t.*, "$path" FROM db.events t WHERE id = 1')[0]
    translation = translate(query, lambda table: Table("lake", columns) if table.name == "events" else no_tables(table))
    assert [(c.name, str(c.type)) for c in translation.columns] == [
        ("id", "bigint"),
        ("name", "varchar"),
        ("$path", "varchar"),
    ]
    assert connection.execute(translation.sql).fetchall() == [(1, "x", "s3://b/k")]


def test_a_cursor_is_prepared_on_its_own() -> None:
    connection = duckdb.connect()
    register_functions(connection)
    prepare(connection)
    cursor = connection.cursor()
    prepare(cursor)
    assert cursor.execute(translate("SELECT translate('abc', 'b', 'x'), substr('abc', -1)").sql).fetchall() == [
        ("axc", "c")
    ]
